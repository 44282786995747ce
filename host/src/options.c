/*-------------------------------------------------------------------------
 *
 * options.c
 *		Options: read from the catalogs, and validated.
 *
 * On a clash the user mapping wins over the server, the server over the
 * table.  The validator imports the wrapper's class, so only superusers may
 * name one; values are never part of a message made here.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/genam.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(multicorn_validator);

static const char *
find_option(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst(cell);

		if (strcmp(option->defname, name) == 0)
			return defGetString(option);
	}
	return NULL;
}

static void
add_options(PyObject *dict, List *options)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst(cell);
		PyObject   *name = mc_own(mc_from_server(option->defname));
		PyObject   *value = mc_own(mc_from_server(defGetString(option)));

		if (PyDict_SetItem(dict, name, value) < 0)
			mc_raise(NULL);
	}
}

/* A dict of options; it belongs to the current memory context. */
PyObject *
mc_options_to_dict(List *options)
{
	PyObject   *dict = mc_own(PyDict_New());

	add_options(dict, options);
	return dict;
}

/* Options of a user's mapping, or of PUBLIC's; none where there is no mapping. */
static List *
mapping_options(Oid serverid, Oid userid)
{
	HeapTuple	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid),
										ObjectIdGetDatum(serverid));
	List	   *options = NIL;
	Datum		datum;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid),
								ObjectIdGetDatum(serverid));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	datum = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple, Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		options = untransformRelOptions(datum);
	ReleaseSysCache(tuple);
	return options;
}

PyObject *
mc_server_options(Oid serverid, Oid userid)
{
	PyObject   *dict = mc_options_to_dict(GetForeignServer(serverid)->options);

	add_options(dict, mapping_options(serverid, userid));
	return dict;
}

PyObject *
mc_table_options(Oid relid, Oid userid)
{
	ForeignTable *table = GetForeignTable(relid);
	PyObject   *dict = mc_options_to_dict(table->options);

	add_options(dict, GetForeignServer(table->serverid)->options);
	add_options(dict, mapping_options(table->serverid, userid));
	return dict;
}

/* The option `wrapper` of a server, palloc'd. */
char *
mc_server_wrapper_name(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	const char *name = find_option(server->options, "wrapper");

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("server \"%s\" has no option \"wrapper\"", server->servername),
				 errhint("Name the Python class with ALTER SERVER ... OPTIONS (ADD wrapper '...').")));
	return pstrdup(name);
}

static const char *
context_of(Oid catalog)
{
	switch (catalog)
	{
		case ForeignServerRelationId:
			return "server";
		case UserMappingRelationId:
			return "user_mapping";
		case ForeignTableRelationId:
			return "table";
		case AttributeRelationId:
			return "column";
		default:
			return "fdw";
	}
}

/* A server of ours as the catalog holds it. */
typedef struct ServerFact
{
	Oid			owner;
	char	   *wrapper;
} ServerFact;

static bool
is_ours(Oid fdwid)
{
	ForeignDataWrapper *fdw = GetForeignDataWrapperExtended(fdwid, FDW_MISSING_OK);
	char	   *name = fdw && OidIsValid(fdw->fdwvalidator) ? get_func_name(fdw->fdwvalidator) : NULL;

	return name != NULL && strcmp(name, "multicorn_validator") == 0;
}

/* All servers of ours in this database. */
static List *
list_servers(void)
{
	Relation	catalog = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *servers = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server form = (Form_pg_foreign_server) GETSTRUCT(tuple);
		bool		isnull;
		Datum		datum = heap_getattr(tuple, Anum_pg_foreign_server_srvoptions,
										 RelationGetDescr(catalog), &isnull);
		const char *wrapper = isnull ? NULL : find_option(untransformRelOptions(datum), "wrapper");

		if (wrapper != NULL && is_ours(form->srvfdw))
		{
			ServerFact *server = palloc(sizeof(ServerFact));

			server->owner = form->srvowner;
			server->wrapper = pstrdup(wrapper);
			servers = lappend(servers, server);
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return servers;
}

/*
 * Naming a class means running its code as the server's operating system
 * user.  A server's owner may alter its other options, and so repeat a name
 * that a superuser has set on it.
 */
static void
check_may_name(const char *wrapper)
{
	ListCell   *cell;

	if (superuser())
		return;
	foreach(cell, list_servers())
	{
		ServerFact *server = lfirst(cell);

		if (strcmp(server->wrapper, wrapper) == 0 && has_privs_of_role(GetUserId(), server->owner))
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to set option \"wrapper\""),
			 errdetail("The class it names runs inside the server."),
			 errhint("Let a superuser create the server and give it to its owner with ALTER SERVER ... OWNER TO.")));
}

static void
check_wrapper_option(const char *context, const char *wrapper)
{
	bool		is_server = strcmp(context, "server") == 0;

	if (is_server && wrapper == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("option \"wrapper\" is required"),
				 errhint("Name a Python class: OPTIONS (wrapper 'module.Class').")));
	if (!is_server && wrapper != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"wrapper\""),
				 errhint("The option \"wrapper\" belongs to the server.")));
	if (is_server)
		check_may_name(wrapper);
}

static void
refuse_fdw_options(List *options)
{
	if (options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", ((DefElem *) linitial(options))->defname),
				 errhint("The foreign data wrapper itself has no options; give them to a server.")));
}

/*
 * The wrappers that may judge the options: the server's own, or those of all
 * servers where it is not known which one is concerned.
 */
static PyObject *
wrappers_to_ask(const char *own, Oid catalog)
{
	Oid			serverid = mc_server_being_given_options(catalog);
	PyObject   *paths = mc_own(PyList_New(0));
	List	   *servers;
	ListCell   *cell;

	if (own == NULL && OidIsValid(serverid))
		own = mc_server_wrapper_name(serverid);
	servers = own ? NIL : list_servers();

	if (own != NULL && PyList_Append(paths, mc_own(mc_from_server(own))) < 0)
		mc_raise(NULL);
	foreach(cell, servers)
	{
		PyObject   *path = mc_own(mc_from_server(((ServerFact *) lfirst(cell))->wrapper));
		int			is_known = PySequence_Contains(paths, path);

		if (is_known < 0 || (is_known == 0 && PyList_Append(paths, path) < 0))
			mc_raise(NULL);
	}
	return paths;
}

PGDLLEXPORT Datum
multicorn_validator(PG_FUNCTION_ARGS)
{
	List	   *options = untransformRelOptions(PG_GETARG_DATUM(0));
	const char *context = context_of(PG_GETARG_OID(1));
	const char *wrapper = find_option(options, "wrapper");
	MemoryContext scope;

	check_wrapper_option(context, wrapper);
	if (strcmp(context, "fdw") == 0)
	{
		refuse_fdw_options(options);
		PG_RETURN_VOID();
	}
	/* A table or column without options is no reason to start Python. */
	if (options == NIL && strcmp(context, "user_mapping") != 0)
		PG_RETURN_VOID();

	mc_start_python();
	scope = mc_scope_begin();
	mc_own(mc_call_object(NULL, mc_python.validate,
						  Py_BuildValue("(sOO)", context, mc_options_to_dict(options),
										wrappers_to_ask(wrapper, PG_GETARG_OID(1)))));
	mc_scope_end(scope);
	PG_RETURN_VOID();
}
