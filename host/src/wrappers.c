/*-------------------------------------------------------------------------
 *
 * wrappers.c
 *		Instances of wrapper classes: one per foreign table, user and backend.
 *
 * Invalidations of a table, a server or a user mapping only mark entries; at
 * the next use options and columns are compared, and the instance is made
 * anew when they differ.  A scan or statement that runs keeps the instance it
 * began with.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct InstanceKey
{
	Oid			relid;
	Oid			userid;
} InstanceKey;

typedef struct InstanceEntry
{
	InstanceKey key;
	bool		is_stale;
	PyObject   *instance;		/* owned, like the next two; NULL while there is none */
	PyObject   *options;
	PyObject   *columns;
} InstanceEntry;

static HTAB *instances = NULL;

static void
mark_stale(Oid relid)
{
	HASH_SEQ_STATUS status;
	InstanceEntry *entry;

	if (instances == NULL)
		return;
	hash_seq_init(&status, instances);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relid) || entry->key.relid == relid)
			entry->is_stale = true;
}

static void
on_relation_change(Datum arg, Oid relid)
{
	mark_stale(relid);
}

static void
on_catalog_change(Datum arg, int cacheid, uint32 hashvalue)
{
	mark_stale(InvalidOid);
}

void
mc_watch_catalogs(void)
{
	CacheRegisterRelcacheCallback(on_relation_change, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNTABLEREL, on_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, on_catalog_change, (Datum) 0);
}

static InstanceEntry *
find_entry(Oid relid, Oid userid)
{
	InstanceKey key = {relid, userid};
	InstanceEntry *entry;
	bool		found;

	if (instances == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(InstanceKey), .entrysize = sizeof(InstanceEntry),
		.hcxt = TopMemoryContext};

		instances = hash_create("multicorn instances", 32, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(instances, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->is_stale = true;
		entry->instance = entry->options = entry->columns = NULL;
	}
	return entry;
}

/* Let go of the instances of tables that are no more. */
static void
forget_dropped_tables(void)
{
	HASH_SEQ_STATUS status;
	InstanceEntry *entry;

	hash_seq_init(&status, instances);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		InstanceEntry gone = *entry;

		if (!entry->is_stale || SearchSysCacheExists1(RELOID, ObjectIdGetDatum(entry->key.relid)))
			continue;
		hash_search(instances, &gone.key, HASH_REMOVE, NULL);
		mc_release(gone.instance);
		mc_release(gone.options);
		mc_release(gone.columns);
	}
}

static PyObject *
column_to_python(Oid relid, Form_pg_attribute attribute)
{
	PyObject   *name = mc_own(mc_from_server(NameStr(attribute->attname)));
	PyObject   *type = mc_own(mc_from_server(format_type_with_typemod(attribute->atttypid,
																	  attribute->atttypmod)));
	PyObject   *base = mc_own(mc_from_server(format_type_be(getBaseType(attribute->atttypid))));
	PyObject   *options = mc_options_to_dict(GetForeignColumnOptions(relid, attribute->attnum));

	return mc_own(PyObject_CallFunction(mc_python.column_definition, "OIiOOO", name,
										(unsigned int) attribute->atttypid,
										(int) attribute->atttypmod, type, base, options));
}

/* The columns, by name in their order; borrowed from the memory context. */
static PyObject *
columns_to_python(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);
	PyObject   *columns = mc_own(PyDict_New());

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		PyObject   *name;

		if (attribute->attisdropped)
			continue;
		name = mc_own(mc_from_server(NameStr(attribute->attname)));
		if (PyDict_SetItem(columns, name, column_to_python(relid, attribute)) < 0)
			mc_raise(NULL);
	}
	table_close(rel, NoLock);
	return columns;
}

static bool
is_unchanged(InstanceEntry *entry, PyObject *options, PyObject *columns)
{
	int			same;

	if (entry->instance == NULL)
		return false;
	same = PyObject_RichCompareBool(entry->options, options, Py_EQ);
	if (same > 0)
		same = PyObject_RichCompareBool(entry->columns, columns, Py_EQ);
	if (same < 0)
		mc_raise(NULL);
	return same > 0;
}

/* The wrapper gets copies: what it does to them must not hide a change. */
static void
make_instance(InstanceEntry *entry, const char *name, PyObject *options, PyObject *columns)
{
	PyObject   *path = mc_own(mc_from_server(name));
	PyObject   *class = mc_own(mc_call_object(NULL, mc_python.load_class, PyTuple_Pack(1, path)));
	PyObject   *own_options = mc_own(PyDict_Copy(options));
	PyObject   *own_columns = mc_own(PyDict_Copy(columns));
	PyObject   *instance = mc_call_object(name, class, PyTuple_Pack(2, own_options, own_columns));

	Py_XSETREF(entry->instance, instance);
	Py_XSETREF(entry->options, Py_NewRef(options));
	Py_XSETREF(entry->columns, Py_NewRef(columns));
}

/* Read what the catalogs say, and make an instance where they say something new. */
static void
refresh_entry(InstanceEntry *entry, const char *name)
{
	MemoryContext scope = mc_scope_begin();
	PyObject   *options = mc_table_options(entry->key.relid, entry->key.userid);
	PyObject   *columns = columns_to_python(entry->key.relid);

	if (!is_unchanged(entry, options, columns))
	{
		forget_dropped_tables();
		make_instance(entry, name, options, columns);
	}
	mc_scope_end(scope);
}

/*
 * Give the wrapper of a foreign table for a user.  The result and its
 * reference belong to the current memory context.  The caller holds a lock
 * on the table.
 */
McWrapper *
mc_wrapper_of(Oid relid, Oid userid)
{
	McWrapper  *wrapper = palloc0(sizeof(McWrapper));
	InstanceEntry *entry;

	mc_start_python();
	wrapper->name = mc_server_wrapper_name(GetForeignTable(relid)->serverid);
	entry = find_entry(relid, userid);
	if (entry->is_stale || entry->instance == NULL)
	{
		/* Cleared first: an invalidation while the catalogs are read or the instance is made counts. */
		entry->is_stale = false;
		PG_TRY();
		{
			refresh_entry(entry, wrapper->name);
		}
		PG_CATCH();
		{
			entry->is_stale = true;
			PG_RE_THROW();
		}
		PG_END_TRY();
	}
	wrapper->instance = mc_own(Py_NewRef(entry->instance));
	return wrapper;
}
