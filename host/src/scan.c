/*-------------------------------------------------------------------------
 *
 * scan.c
 *		Running a scan: execute() at the first row, then its iterator.
 *
 * References of the scan belong to the query's memory context, so an error
 * frees them.  Each execute() has a context of its own, reset by a rescan;
 * rows are converted in the executor's context per tuple.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/memutils.h"

/* The user whose mapping counts: a view's owner, or the current user. */
Oid
mc_scan_user(ForeignScanState *node)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid = ((ForeignScan *) node->ss.ps.plan)->checkAsUser;
#else
	RangeTblEntry *entry = exec_rt_fetch(((ForeignScan *) node->ss.ps.plan)->scan.scanrelid,
										 node->ss.ps.state);
	Oid			userid = entry->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

static void
release_references(void *arg)
{
	McScan	   *scan = arg;
	PyObject   *row = scan->row;
	PyObject   *iterator = scan->iterator;

	scan->row = scan->iterator = NULL;
	mc_release(row);
	mc_release(iterator);
}

static void
read_plan(McScan *scan, ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ListCell   *cell;
	Node	   *limit;

	foreach(cell, (List *) list_nth(plan->fdw_private, MC_PLAN_QUALS))
	{
		int			value_index;

		scan->quals = lappend(scan->quals, mc_qual_from_list(lfirst(cell), &value_index));
		scan->value_indexes = lappend_int(scan->value_indexes, value_index);
	}
	foreach(cell, plan->fdw_exprs)
		scan->valuetypes = lappend_oid(scan->valuetypes, exprType(lfirst(cell)));
	scan->values = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	scan->columns = list_nth(plan->fdw_private, MC_PLAN_COLUMNS);
	foreach(cell, scan->columns)
		scan->wanted = bms_add_member(scan->wanted, lfirst_int(cell));
	scan->sort = list_nth(plan->fdw_private, MC_PLAN_SORT);
	limit = list_nth(plan->fdw_private, MC_PLAN_LIMIT);
	scan->limit = limit ? strVal(limit) : NULL;
}

void
mc_begin_scan(ForeignScanState *node, int eflags)
{
	McScan	   *scan = palloc0(sizeof(McScan));
	Relation	rel = node->ss.ss_currentRelation;
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	node->fdw_state = scan;
	scan->wrapper = mc_wrapper_of(RelationGetRelid(rel), mc_scan_user(node));
	scan->shape = mc_row_shape(rel);
	scan->call_context = AllocSetContextCreate(CurrentMemoryContext, "multicorn scan",
											   ALLOCSET_SMALL_SIZES);
	callback->func = release_references;
	callback->arg = scan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	read_plan(scan, node);
}

/*
 * Not known in a plain EXPLAIN: what another part of the plan supplies, and
 * in that of a generic plan also the statement's own parameters.
 */
static bool
depends_on_execution(Node *node, void *parameters)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC || parameters == NULL;
	return expression_tree_walker(node, depends_on_execution, parameters);
}

/*
 * The quals with their values, as a Python list borrowed from the memory
 * context.  *is_empty says that no row can match.  In EXPLAIN, quals whose
 * values are not known are left out.
 */
PyObject *
mc_scan_quals(ForeignScanState *node, bool is_explain, bool *is_empty)
{
	McScan	   *scan = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	PyObject   *quals = mc_own(PyList_New(0));
	ListCell   *cell,
			   *index_cell;

	*is_empty = false;
	forboth(cell, scan->quals, index_cell, scan->value_indexes)
	{
		McQual	   *qual = lfirst(cell);
		int			index = lfirst_int(index_cell);
		Datum		value = (Datum) 0;
		bool		isnull = false;
		Oid			type = InvalidOid;

		if (index >= 0)
		{
			if (is_explain && depends_on_execution(list_nth(plan->fdw_exprs, index),
													   node->ss.ps.state->es_param_list_info))
				continue;
			type = list_nth_oid(scan->valuetypes, index);
			value = ExecEvalExpr((ExprState *) list_nth(scan->values, index), context, &isnull);
		}
		if (mc_qual_is_never_true(qual, value, isnull, type))
			*is_empty = true;
		if (isnull || mc_qual_is_always_true(qual, value, isnull))
			continue;
		if (PyList_Append(quals, mc_qual_to_python(qual, scan->shape->desc, value, type)) < 0)
			mc_raise(NULL);
	}
	return quals;
}

static void
set_kwarg(PyObject *kwargs, const char *name, PyObject *value)
{
	if (PyDict_SetItemString(kwargs, name, value) < 0)
		mc_raise(NULL);
}

/* Sort keys and limit as keyword arguments, only those that were agreed on. */
PyObject *
mc_scan_kwargs(McScan *scan)
{
	PyObject   *kwargs = mc_own(PyDict_New());

	if (scan->sort != NIL)
		set_kwarg(kwargs, "sortkeys", mc_sort_to_python(scan->sort, scan->shape->desc));
	if (scan->limit != NULL)
	{
		set_kwarg(kwargs, "limit", mc_own(PyLong_FromString(scan->limit, NULL, 10)));
		set_kwarg(kwargs, "offset", mc_own(PyLong_FromLong(0)));
	}
	return kwargs;
}

static void
execute(ForeignScanState *node)
{
	McScan	   *scan = node->fdw_state;
	MemoryContext old = MemoryContextSwitchTo(scan->call_context);
	bool		is_empty;
	PyObject   *quals = mc_scan_quals(node, false, &is_empty);

	if (is_empty)
		scan->is_at_end = true;
	else
	{
		PyObject   *columns = mc_columns_to_python(scan->columns, scan->shape->desc);
		PyObject   *kwargs = mc_scan_kwargs(scan);
		PyObject   *rows;

		mc_join_transaction(scan->wrapper);
		rows = mc_own(mc_call(scan->wrapper->name, scan->wrapper->instance, "execute",
							  PyTuple_Pack(2, quals, columns), Py_NewRef(kwargs)));
		scan->is_executed = true;
		mc_python_depth++;
		scan->iterator = rows == Py_None ? NULL : PyObject_GetIter(rows);
		mc_python_depth--;
		if (scan->iterator == NULL && rows != Py_None)
			mc_raise(scan->wrapper->name);
		scan->is_at_end = scan->iterator == NULL;
	}
	MemoryContextSwitchTo(old);
}

TupleTableSlot *
mc_iterate_scan(ForeignScanState *node)
{
	McScan	   *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (scan->iterator == NULL && !scan->is_at_end)
		execute(node);
	if (!scan->is_at_end)
	{
		Py_XSETREF(scan->row, mc_next(scan->wrapper->name, scan->iterator));
		scan->is_at_end = scan->row == NULL;
	}
	if (scan->is_at_end)
		return ExecClearTuple(slot);
	mc_row_to_slot(scan->shape, scan->row, scan->wanted, slot);
	return slot;
}

/* Let a generator end now, with its own clean-up, instead of at garbage collection. */
static void
close_iterator(McScan *scan)
{
	if (scan->iterator != NULL && PyObject_HasAttrString(scan->iterator, "close"))
		Py_DECREF(mc_call(scan->wrapper->name, scan->iterator, "close", PyTuple_New(0), NULL));
	release_references(scan);
}

void
mc_rescan(ForeignScanState *node)
{
	McScan	   *scan = node->fdw_state;

	close_iterator(scan);
	scan->is_at_end = false;
	MemoryContextReset(scan->call_context);
}

void
mc_end_scan(ForeignScanState *node)
{
	McScan	   *scan = node->fdw_state;

	if (scan == NULL)
		return;
	close_iterator(scan);
	if (scan->is_executed)
		Py_DECREF(mc_call(scan->wrapper->name, scan->wrapper->instance, "end_scan", PyTuple_New(0), NULL));
}
