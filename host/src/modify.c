/*-------------------------------------------------------------------------
 *
 * modify.c
 *		INSERT, COPY, UPDATE and DELETE.
 *
 * INSERT goes in batches where the wrapper takes them and nothing needs the
 * stored rows back (RETURNING, row triggers, check options of views); COPY
 * too, whose rows are collected here because PostgreSQL before 16 gives them
 * one by one.  UPDATE tells the wrapper the columns that are assigned and the
 * row id.  When a statement fails, end_modify() is not called; what the
 * wrapper has queued is void, and begin_modify() of the next statement says
 * so.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct McModify
{
	McWrapper  *wrapper;
	McRowShape *shape;
	Bitmapset  *inserted;		/* columns insert() is given */
	Bitmapset  *updated;		/* columns update() is given */
	McType	   *rowid_type;
	AttrNumber	rowid_column;
	AttrNumber	rowid_junk;		/* where the plan's rows have it */
	AttrNumber	wholerow_junk;
	int			batch_size;
	bool		is_copy;
	PyObject   *collected;		/* rows of COPY that wait: an owned list, or NULL */
	MemoryContext row_context;
	struct McModify *next_open;
} McModify;

/* All that have begun and not ended, to tell nested statements on one table. */
static McModify *open_modifies = NULL;

static void
forget_modify(void *arg)
{
	McModify   *modify = arg;

	for (McModify **link = &open_modifies; *link != NULL; link = &(*link)->next_open)
		if (*link == modify)
		{
			*link = modify->next_open;
			break;
		}
	mc_release(modify->collected);
	modify->collected = NULL;
}

static bool
is_open_elsewhere(PyObject *instance)
{
	for (McModify *modify = open_modifies; modify != NULL; modify = modify->next_open)
		if (modify->wrapper->instance == instance)
			return true;
	return false;
}

/* Planning */

static AttrNumber
rowid_column_of(McWrapper *wrapper, TupleDesc desc)
{
	PyObject   *name = mc_attribute(wrapper->name, wrapper->instance, "rowid_column", false);
	char	   *text;

	text = mc_to_server(PyObject_Str(mc_own(name)));
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), text) == 0)
			return i + 1;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("the foreign table has no column \"%s\"", text),
			 errdetail("UPDATE and DELETE identify a row by that column.")));
	return 0;
}

/* Unlike those of other tables in an inheritance tree, unless they are alike in all that counts. */
static char *
rowid_junk_name(Form_pg_attribute attribute)
{
	return psprintf("multicorn_rowid_%d_%u_%d_%u", attribute->attnum, attribute->atttypid,
					attribute->atttypmod, attribute->attcollation);
}

static Oid
planned_user(PlannerInfo *root, RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid = rte->perminfoindex == 0 ? InvalidOid :
		getRTEPermissionInfo(root->parse->rteperminfos, rte)->checkAsUser;
#else
	Oid			userid = rte->checkAsUser;
#endif
	return OidIsValid(userid) ? userid : GetUserId();
}

void
mc_add_update_targets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	MemoryContext scope = mc_scope_begin();
	McWrapper  *wrapper = mc_wrapper_of(RelationGetRelid(rel), planned_user(root, rte));
	AttrNumber	attnum = rowid_column_of(wrapper, desc);
	Form_pg_attribute attribute = TupleDescAttr(desc, attnum - 1);

	mc_scope_end(scope);
	add_row_identity_var(root,
						 makeVar(rtindex, attnum, attribute->atttypid, attribute->atttypmod,
								 attribute->attcollation, 0),
						 rtindex, rowid_junk_name(attribute));
	/* PostgreSQL asks for the whole row itself in UPDATE. */
	if (root->parse->commandType == CMD_DELETE && root->parse->returningList != NIL)
		add_row_identity_var(root, makeVar(rtindex, InvalidAttrNumber, RECORDOID, -1, InvalidOid, 0),
							 rtindex, "wholerow");
}

/* Beginning */

static Oid
modify_user(EState *estate, ResultRelInfo *rinfo)
{
	Oid			userid = InvalidOid;
#if PG_VERSION_NUM >= 160000
	userid = ExecGetResultRelCheckAsUser(rinfo, estate);
#else
	ResultRelInfo *named = rinfo->ri_RootResultRelInfo ? rinfo->ri_RootResultRelInfo : rinfo;

	if (named->ri_RangeTableIndex > 0)
		userid = exec_rt_fetch(named->ri_RangeTableIndex, estate)->checkAsUser;
#endif
	return OidIsValid(userid) ? userid : GetUserId();
}

static bool
has_trigger(ResultRelInfo *rinfo, bool before, bool after, CmdType command)
{
	TriggerDesc *triggers = rinfo->ri_TrigDesc;

	if (triggers == NULL)
		return false;
	if (command == CMD_INSERT)
		return (before && triggers->trig_insert_before_row) || (after && triggers->trig_insert_after_row);
	return (before && triggers->trig_update_before_row) || (after && triggers->trig_update_after_row);
}

static Bitmapset *
stored_columns(TupleDesc desc)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && !TupleDescAttr(desc, i)->attgenerated)
			columns = bms_add_member(columns, i + 1);
	return columns;
}

/* The assigned columns; all of them where a trigger may change any. */
static Bitmapset *
updated_columns(ResultRelInfo *rinfo, EState *estate, TupleDesc desc)
{
	Bitmapset  *stored = stored_columns(desc);
	Bitmapset  *assigned = ExecGetUpdatedCols(rinfo, estate);
	Bitmapset  *columns = NULL;

	if (has_trigger(rinfo, true, false, CMD_UPDATE))
		return stored;
	for (int i = 1; i <= desc->natts; i++)
		if (bms_is_member(i, stored) && bms_is_member(i - FirstLowInvalidHeapAttributeNumber, assigned))
			columns = bms_add_member(columns, i);
	return columns;
}

static int
read_batch_size(McWrapper *wrapper)
{
	PyObject   *value = mc_attribute(wrapper->name, wrapper->instance, "modify_batch_size", false);
	long		size = PyLong_AsLong(value);

	Py_DECREF(value);
	if (PyErr_Occurred())
		mc_raise(wrapper->name);
	return Max(1, Min(size, 100000));
}

static void
begin_statement(McModify *modify)
{
	bool		is_nested = is_open_elsewhere(modify->wrapper->instance);
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	modify->next_open = open_modifies;
	open_modifies = modify;
	callback->func = forget_modify;
	callback->arg = modify;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	mc_join_transaction(modify->wrapper);
	if (!is_nested)
		Py_DECREF(mc_call(modify->wrapper->name, modify->wrapper->instance, "begin_modify",
						  PyTuple_New(0), NULL));
}

static void
refuse_on_conflict(ModifyTableState *mtstate)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;

	/* COPY has no plan. */
	if (plan != NULL && plan->onConflictAction != ONCONFLICT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("INSERT with an ON CONFLICT clause is not supported for foreign tables of multicorn")));
}

/* What INSERT needs; the rest is added for UPDATE and DELETE. */
static McModify *
open_modify(ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	McModify   *modify = palloc0(sizeof(McModify));
	Relation	rel = rinfo->ri_RelationDesc;

	refuse_on_conflict(mtstate);
	modify->wrapper = mc_wrapper_of(RelationGetRelid(rel), modify_user(estate, rinfo));
	modify->shape = mc_row_shape(rel);
	modify->inserted = stored_columns(RelationGetDescr(rel));
	modify->batch_size = read_batch_size(modify->wrapper);
	modify->row_context = AllocSetContextCreate(CurrentMemoryContext, "multicorn row",
												ALLOCSET_DEFAULT_SIZES);
	begin_statement(modify);
	rinfo->ri_FdwState = modify;
	MemoryContextSwitchTo(old);
	return modify;
}

static void
find_row_identity(McModify *modify, ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	List	   *targets = outerPlanState(mtstate)->plan->targetlist;
	TupleDesc	desc = RelationGetDescr(rinfo->ri_RelationDesc);
	Form_pg_attribute attribute;

	modify->rowid_column = rowid_column_of(modify->wrapper, desc);
	attribute = TupleDescAttr(desc, modify->rowid_column - 1);
	modify->rowid_type = modify->shape->types[modify->rowid_column - 1];
	modify->rowid_junk = ExecFindJunkAttributeInTlist(targets, rowid_junk_name(attribute));
	modify->wholerow_junk = ExecFindJunkAttributeInTlist(targets, "wholerow");
	if (!AttributeNumberIsValid(modify->rowid_junk))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("the row id of wrapper \"%s\" has changed since the statement was planned",
						modify->wrapper->name)));
}

void
mc_begin_modify(ModifyTableState *mtstate, ResultRelInfo *rinfo, List *fdw_private, int subplan_index,
				int eflags)
{
	EState	   *estate = mtstate->ps.state;
	McModify   *modify;
	MemoryContext old;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	modify = open_modify(mtstate, rinfo);
	if (mtstate->operation == CMD_INSERT)
		return;
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	find_row_identity(modify, mtstate, rinfo);
	if (mtstate->operation == CMD_UPDATE)
		modify->updated = bms_add_member(updated_columns(rinfo, estate, modify->shape->desc),
										 modify->rowid_column);
	MemoryContextSwitchTo(old);
}

/* COPY, or rows that a partitioned table routes here. */
void
mc_begin_insert(ModifyTableState *mtstate, ResultRelInfo *rinfo)
{
	/* A row moved here could be read, and updated, a second time. */
	if (rinfo->ri_FdwState != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot move rows into foreign table \"%s\" by the UPDATE that reads it",
						RelationGetRelationName(rinfo->ri_RelationDesc))));
	open_modify(mtstate, rinfo)->is_copy = mtstate->ps.plan == NULL;
}

/* Inserting */

/* Whether something in PostgreSQL looks at a row after it was stored. */
static bool
wants_row(ResultRelInfo *rinfo)
{
	return rinfo->ri_projectReturning != NULL || rinfo->ri_WithCheckOptions != NIL ||
		has_trigger(rinfo, false, true, CMD_INSERT) || has_trigger(rinfo, false, true, CMD_UPDATE);
}

static bool
may_batch(McModify *modify, ResultRelInfo *rinfo)
{
	return modify->batch_size > 1 && !wants_row(rinfo) && !has_trigger(rinfo, true, true, CMD_INSERT);
}

int
mc_batch_size(ResultRelInfo *rinfo)
{
	McModify   *modify = rinfo->ri_FdwState;

	/* No state in a plain EXPLAIN. */
	return modify != NULL && may_batch(modify, rinfo) ? modify->batch_size : 1;
}

/* Each row (or batch) starts with an empty context. */
static MemoryContext
switch_to_row(McModify *modify)
{
	MemoryContextReset(modify->row_context);
	return MemoryContextSwitchTo(modify->row_context);
}

static PyObject *
call_with(McModify *modify, const char *method, PyObject *args)
{
	return mc_own(mc_call(modify->wrapper->name, modify->wrapper->instance, method, args, NULL));
}

/* Make one remote call of the rows that COPY has brought. */
static void
send_collected(McModify *modify)
{
	MemoryContext old;
	PyObject   *rows = modify->collected;

	if (rows == NULL || PyList_GET_SIZE(rows) == 0)
		return;
	old = switch_to_row(modify);
	modify->collected = NULL;
	mc_own(rows);
	call_with(modify, "bulk_insert", PyTuple_Pack(1, rows));
	MemoryContextSwitchTo(old);
}

static void
collect(McModify *modify, PyObject *row)
{
	if (modify->collected == NULL)
		modify->collected = PyList_New(0);
	if (modify->collected == NULL || PyList_Append(modify->collected, row) < 0)
		mc_raise(NULL);
	if (PyList_GET_SIZE(modify->collected) >= modify->batch_size)
		send_collected(modify);
}

TupleTableSlot *
mc_insert(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	McModify   *modify = rinfo->ri_FdwState;
	MemoryContext old = switch_to_row(modify);
	PyObject   *row = mc_slot_to_dict(modify->shape, slot, modify->inserted);

	if (modify->is_copy && may_batch(modify, rinfo))
		collect(modify, row);
	else
	{
		PyObject   *stored = call_with(modify, "insert", PyTuple_Pack(1, row));

		if (wants_row(rinfo))
			mc_overlay_slot(modify->shape, stored, slot);
	}
	MemoryContextSwitchTo(old);
	return slot;
}

TupleTableSlot **
mc_insert_batch(EState *estate, ResultRelInfo *rinfo, TupleTableSlot **slots, TupleTableSlot **plan_slots,
				int *count)
{
	McModify   *modify = rinfo->ri_FdwState;
	MemoryContext old = switch_to_row(modify);
	PyObject   *rows = mc_own(PyList_New(0));

	for (int i = 0; i < *count; i++)
		if (PyList_Append(rows, mc_slot_to_dict(modify->shape, slots[i], modify->inserted)) < 0)
			mc_raise(NULL);
	call_with(modify, "bulk_insert", PyTuple_Pack(1, rows));
	MemoryContextSwitchTo(old);
	return slots;
}

/* Updating and deleting */

static PyObject *
row_id(McModify *modify, TupleTableSlot *plan_slot)
{
	bool		isnull;
	Datum		datum = slot_getattr(plan_slot, modify->rowid_junk, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("a row has no value in its row id column \"%s\"",
						NameStr(TupleDescAttr(modify->shape->desc, modify->rowid_column - 1)->attname))));
	return mc_own(mc_datum_to_python(datum, modify->rowid_type));
}

TupleTableSlot *
mc_update(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	McModify   *modify = rinfo->ri_FdwState;
	MemoryContext old = switch_to_row(modify);
	PyObject   *id = row_id(modify, plan_slot);
	PyObject   *row = mc_slot_to_dict(modify->shape, slot, modify->updated);
	PyObject   *stored = call_with(modify, "update", PyTuple_Pack(2, id, row));

	if (wants_row(rinfo))
		mc_overlay_slot(modify->shape, stored, slot);
	MemoryContextSwitchTo(old);
	return slot;
}

/* The row that goes, as the scan read it, for RETURNING. */
static void
store_deleted_row(McModify *modify, TupleTableSlot *plan_slot, TupleTableSlot *slot)
{
	bool		isnull = true;
	Datum		datum = (Datum) 0;
	HeapTupleData tuple;
	HeapTupleHeader header;

	if (AttributeNumberIsValid(modify->wholerow_junk))
		datum = slot_getattr(plan_slot, modify->wholerow_junk, &isnull);
	if (isnull)
	{
		ExecStoreAllNullTuple(slot);
		return;
	}
	header = DatumGetHeapTupleHeader(datum);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	ExecForceStoreHeapTuple(&tuple, slot, false);
	ExecMaterializeSlot(slot);
}

TupleTableSlot *
mc_delete(EState *estate, ResultRelInfo *rinfo, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	McModify   *modify = rinfo->ri_FdwState;
	MemoryContext old = switch_to_row(modify);
	PyObject   *stored = call_with(modify, "delete", PyTuple_Pack(1, row_id(modify, plan_slot)));

	store_deleted_row(modify, plan_slot, slot);
	mc_overlay_slot(modify->shape, stored, slot);
	MemoryContextSwitchTo(old);
	return slot;
}

/* Ending: not called after an error, so a failed statement never flushes. */
void
mc_end_modify(EState *estate, ResultRelInfo *rinfo)
{
	McModify   *modify = rinfo->ri_FdwState;

	if (modify == NULL)
		return;
	send_collected(modify);
	Py_DECREF(mc_call(modify->wrapper->name, modify->wrapper->instance, "end_modify", PyTuple_New(0), NULL));
	forget_modify(modify);
	rinfo->ri_FdwState = NULL;
}
