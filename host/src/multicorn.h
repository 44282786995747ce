/*-------------------------------------------------------------------------
 *
 * multicorn.h
 *		What the files of the Multicorn host share.
 *
 * Rules that hold everywhere:
 *
 * - The backend's thread holds the GIL at all times, except while wait() in
 *   backend.c waits.  PL/Python expects the same, so both may be used in one
 *   backend.
 * - No longjmp passes through a Python frame.  What C does on behalf of
 *   Python (backend.c) catches PostgreSQL errors, stashes them, and raises
 *   the Python exception Interrupted; whoever called Python rethrows them
 *   (errors.c).
 * - A Python reference that must survive a call into PostgreSQL belongs to a
 *   memory context (mc_own in references.c), so that errors free it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MULTICORN_H
#define MULTICORN_H

#include "postgres.h"

#undef _POSIX_C_SOURCE
#undef _XOPEN_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

/* interpreter.c: the interpreter and what we use of the package multicorn */
typedef struct McPython
{
	PyObject   *interrupted;	/* exception class */
	PyObject   *column_definition;
	PyObject   *qual;
	PyObject   *sort_key;
	PyObject   *load_class;		/* functions */
	PyObject   *validate;
	PyObject   *json_text;
	PyObject   *column_text;
	PyObject   *stop_workers;
	PyObject   *format_exception;
	PyObject   *decimal;		/* decimal.Decimal */
} McPython;

extern McPython mc_python;

extern void mc_start_python(void);
extern void mc_define_settings(void);

/* references.c: who owns a Python object */
extern PyObject *mc_own(PyObject *object);
extern void mc_release(PyObject *object);
extern MemoryContext mc_scope_begin(void);
extern void mc_scope_end(MemoryContext scope);
extern char *mc_utf8_copy(PyObject *text, Py_ssize_t *length);
extern char *mc_to_server(PyObject *text);
extern PyObject *mc_from_server(const char *text);
extern PyObject *mc_from_server_len(const char *text, int length);

/* errors.c: Python exceptions and PostgreSQL errors */
extern volatile int mc_python_depth;	/* > 0 while Python code runs; read by signal handlers */

extern PyObject *mc_call(const char *wrapper, PyObject *self, const char *method,
						 PyObject *args, PyObject *kwargs);
extern PyObject *mc_call_object(const char *wrapper, PyObject *callable, PyObject *args);
extern PyObject *mc_attribute(const char *wrapper, PyObject *object, const char *name, bool may_miss);
extern PyObject *mc_next(const char *wrapper, PyObject *iterator);
extern bool mc_call_quietly(const char *wrapper, PyObject *self, const char *method,
							PyObject *args);
extern void mc_raise(const char *wrapper) pg_attribute_noreturn();
extern void mc_finish_call(PyObject *result);
extern bool mc_is_leaving_python(void);
extern void mc_stash_error(void);
extern bool mc_has_stashed_error(void);
extern void mc_drop_stashed_error(void);

/* delimited.c */
extern PyObject *mc_split_rows(PyObject *module, PyObject *args);

/* backend.c: the module _multicorn */
extern PyObject *mc_make_backend_module(void);
extern void mc_watch_exit(void);
extern bool mc_is_to_end(void);
extern void mc_set_interrupted(void);

/* interrupts.c */
extern void mc_watch_busy_python(void);

/* types.c, datetimes.c, arrays.c: values */
typedef enum McKind
{
	MC_TEXT,					/* text and unconstrained varchar */
	MC_BOOL,
	MC_INT2,
	MC_INT4,
	MC_INT8,
	MC_OID,
	MC_FLOAT4,
	MC_FLOAT8,
	MC_NUMERIC,
	MC_DATE,
	MC_TIME,
	MC_TIMESTAMP,
	MC_TIMESTAMPTZ,
	MC_BYTEA,
	MC_JSON,					/* json and jsonb: JSON text in Python */
	MC_ARRAY,
	MC_OTHER					/* through the type's text functions */
} McKind;

typedef struct McType
{
	Oid			typid;			/* as declared */
	Oid			basetype;		/* below domains */
	int32		typmod;
	McKind		kind;
	FmgrInfo	in;				/* text functions of the base type */
	FmgrInfo	out;
	Oid			ioparam;
	bool		is_varlena;
	void	   *domain_cache;	/* for domain_check */
	MemoryContext context;		/* this struct's */
	struct McType *element;		/* of an array */
	int16		length;			/* storage facts of the base type */
	bool		byval;
	char		align;
	char	   *name;			/* of the base type, for text conversion */
} McType;

extern McType *mc_type_open(Oid typid, int32 typmod);
extern PyObject *mc_datum_to_python(Datum datum, McType *type);
extern Datum mc_python_to_datum(PyObject *value, McType *type, bool *isnull);
extern Datum mc_text_to_datum(char *text, McType *type);
extern char *mc_text_of(PyObject *value, McType *type);

extern void mc_import_datetime(void);
extern PyObject *mc_date_to_python(Datum datum);
extern PyObject *mc_time_to_python(Datum datum);
extern PyObject *mc_timestamp_to_python(Datum datum, bool with_zone);
extern bool mc_python_to_date(PyObject *value, Datum *datum);
extern bool mc_python_to_time(PyObject *value, int32 typmod, Datum *datum);
extern bool mc_python_to_timestamp(PyObject *value, McType *type, Datum *datum);

extern PyObject *mc_array_to_python(Datum datum, McType *type, bool flat);
extern Datum mc_list_to_array(PyObject *list, McType *type);

/* options.c: what the catalogs hold */
extern PyObject *mc_table_options(Oid relid, Oid userid);
extern PyObject *mc_server_options(Oid serverid, Oid userid);
extern PyObject *mc_options_to_dict(List *options);
extern char *mc_server_wrapper_name(Oid serverid);

/* statement.c */
extern Oid	mc_server_being_given_options(Oid catalog);

/* wrappers.c: instances */
typedef struct McWrapper
{
	PyObject   *instance;
	const char *name;			/* the option `wrapper`, for messages */
} McWrapper;

extern McWrapper *mc_wrapper_of(Oid relid, Oid userid);
extern void mc_watch_catalogs(void);

/* quals.c: conditions */
typedef enum McQualKind
{
	MC_SCALAR,					/* column op value */
	MC_ANY,						/* column op ANY (array) */
	MC_ALL,						/* column op ALL (array) */
	MC_IS_NULL,
	MC_IS_NOT_NULL,
	MC_IS_TRUE,
	MC_IS_FALSE
} McQualKind;

typedef struct McQual
{
	AttrNumber	attnum;
	char	   *operator;
	McQualKind	kind;
	bool		is_strict;
	Expr	   *value;			/* NULL where the kind says all */
} McQual;

extern Node *mc_without_relabels(Node *expr);
extern McQual *mc_extract_qual(PlannerInfo *root, RelOptInfo *rel, Expr *clause);
extern List *mc_qual_to_list(McQual *qual, int value_index);
extern McQual *mc_qual_from_list(List *list, int *value_index);
extern PyObject *mc_qual_to_python(McQual *qual, TupleDesc desc, Datum value, Oid valuetype);
extern bool mc_qual_is_never_true(McQual *qual, Datum value, bool isnull, Oid valuetype);
extern bool mc_qual_is_always_true(McQual *qual, Datum value, bool isnull);

/* planning.c: what a plan tells the executor, and how it is kept in fdw_private */
enum McPlanIndex
{
	MC_PLAN_QUALS,				/* list of mc_qual_to_list, values in fdw_exprs */
	MC_PLAN_COLUMNS,			/* attribute numbers that are needed */
	MC_PLAN_SORT,				/* list of (attnum, reversed, nulls first, collation or "") */
	MC_PLAN_LIMIT				/* a string, or NULL */
};

extern void mc_get_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern void mc_get_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern ForeignScan *mc_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid,
								ForeignPath *best_path, List *tlist, List *scan_clauses,
								Plan *outer_plan);
extern PyObject *mc_columns_to_python(List *columns, TupleDesc desc);
extern PyObject *mc_sort_to_python(List *sort, TupleDesc desc);

/* rows.c: Python rows and PostgreSQL tuples */
typedef struct McRowShape
{
	TupleDesc	desc;
	char	   *table;			/* for messages */
	McType	  **types;			/* by attribute; NULL for dropped ones */
	PyObject   *names;			/* tuple of column names, None for dropped ones */
	int			live_count;		/* columns that are not dropped */
	int			current;		/* attribute being converted, for the error's context */
} McRowShape;

extern McRowShape *mc_row_shape(Relation rel);
extern void mc_row_to_slot(McRowShape *shape, PyObject *row, Bitmapset *wanted, TupleTableSlot *slot);
extern void mc_overlay_slot(McRowShape *shape, PyObject *row, TupleTableSlot *slot);
extern PyObject *mc_slot_to_dict(McRowShape *shape, TupleTableSlot *slot, Bitmapset *wanted);

/* scan.c */
typedef struct McScan
{
	McWrapper  *wrapper;
	McRowShape *shape;
	List	   *quals;			/* McQual, in the order of value_indexes */
	List	   *value_indexes;
	List	   *values;			/* ExprState */
	List	   *valuetypes;		/* OIDs */
	List	   *columns;
	List	   *sort;
	char	   *limit;
	Bitmapset  *wanted;
	PyObject   *iterator;
	PyObject   *row;			/* being converted */
	bool		is_executed;
	bool		is_at_end;
	MemoryContext call_context; /* of one execute() */
} McScan;

extern void mc_begin_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *mc_iterate_scan(ForeignScanState *node);
extern void mc_rescan(ForeignScanState *node);
extern void mc_end_scan(ForeignScanState *node);
extern PyObject *mc_scan_quals(ForeignScanState *node, bool is_explain, bool *is_empty);
extern PyObject *mc_scan_kwargs(McScan *scan);
extern Oid	mc_scan_user(ForeignScanState *node);

/* explain.c */
extern void mc_explain_scan(ForeignScanState *node, struct ExplainState *es);

/* modify.c */
extern void mc_add_update_targets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel);
extern void mc_begin_modify(ModifyTableState *mtstate, ResultRelInfo *rinfo, List *fdw_private,
							int subplan_index, int eflags);
extern void mc_begin_insert(ModifyTableState *mtstate, ResultRelInfo *rinfo);
extern TupleTableSlot *mc_insert(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
								 TupleTableSlot *plan_slot);
extern TupleTableSlot **mc_insert_batch(EState *estate, ResultRelInfo *rinfo, TupleTableSlot **slots,
										TupleTableSlot **plan_slots, int *count);
extern int	mc_batch_size(ResultRelInfo *rinfo);
extern TupleTableSlot *mc_update(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
								 TupleTableSlot *plan_slot);
extern TupleTableSlot *mc_delete(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot,
								 TupleTableSlot *plan_slot);
extern void mc_end_modify(EState *estate, ResultRelInfo *rinfo);

/* transactions.c */
extern void mc_join_transaction(McWrapper *wrapper);
extern void mc_watch_transactions(void);

/* import.c */
extern List *mc_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif
