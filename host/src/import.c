/*-------------------------------------------------------------------------
 *
 * import.c
 *		IMPORT FOREIGN SCHEMA.
 *
 * The wrapper is told LIMIT TO and EXCEPT so that it need not ask for more;
 * PostgreSQL applies them again to what it gives.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"

static const char *
restriction_name(ImportForeignSchemaType type)
{
	switch (type)
	{
		case FDW_IMPORT_SCHEMA_LIMIT_TO:
			return "limit";
		case FDW_IMPORT_SCHEMA_EXCEPT:
			return "except";
		default:
			return NULL;
	}
}

static PyObject *
restricted_names(ImportForeignSchemaStmt *stmt)
{
	PyObject   *names = mc_own(PyList_New(0));
	ListCell   *cell;

	foreach(cell, stmt->table_list)
		if (PyList_Append(names, mc_own(mc_from_server(lfirst_node(RangeVar, cell)->relname))) < 0)
			mc_raise(NULL);
	return names;
}

static PyObject *
call_import_schema(const char *wrapper, ImportForeignSchemaStmt *stmt, Oid serverid)
{
	PyObject   *path = mc_own(mc_from_server(wrapper));
	PyObject   *class = mc_own(mc_call_object(NULL, mc_python.load_class, PyTuple_Pack(1, path)));
	PyObject   *schema = mc_own(mc_from_server(stmt->remote_schema));
	PyObject   *answer = mc_own(mc_call(wrapper, class, "import_schema",
										Py_BuildValue("(OOOzO)", schema,
													  mc_server_options(serverid, GetUserId()),
													  mc_options_to_dict(stmt->options),
													  restriction_name(stmt->list_type),
													  restricted_names(stmt)),
										NULL));

	return mc_own(PySequence_Fast(answer, "import_schema() did not return a list"));
}

List *
mc_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	List	   *commands = NIL;
	MemoryContext result_context = CurrentMemoryContext;
	MemoryContext scope;
	char	   *wrapper = mc_server_wrapper_name(serverid);
	PyObject   *tables,
			   *schema,
			   *server;

	mc_start_python();
	scope = mc_scope_begin();
	tables = call_import_schema(wrapper, stmt, serverid);
	schema = mc_own(mc_from_server(stmt->local_schema));
	server = mc_own(mc_from_server(stmt->server_name));
	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(tables); i++)
	{
		PyObject   *text = mc_call(wrapper, PySequence_Fast_GET_ITEM(tables, i), "to_statement",
								   PyTuple_Pack(2, schema, server), NULL);
		char	   *command = mc_to_server(PyObject_Str(mc_own(text)));

		commands = lappend(commands, command);
	}
	MemoryContextSwitchTo(result_context);
	{
		List	   *copies = NIL;
		ListCell   *cell;

		foreach(cell, commands)
			copies = lappend(copies, pstrdup(lfirst(cell)));
		commands = copies;
	}
	MemoryContextSwitchTo(scope);
	mc_scope_end(scope);
	return commands;
}
