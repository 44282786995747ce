/*-------------------------------------------------------------------------
 *
 * planning.c
 *		Estimates, paths and plans of scans.
 *
 * The paths of a table: the plain scan; one in the order the query wants, as
 * far as the wrapper can sort; with the LIMIT, where nothing stands between
 * it and the scan; and one per set of columns that the wrapper looks up
 * cheaply and a join can supply.  Conditions are worked out again from the
 * clauses of the path that was chosen.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* What a row costs on its way: more than one from memory, less than JIT's threshold for a million. */
#define ROW_COST		0.02
#define BYTE_COST		0.0002
#define DEFAULT_STARTUP_COST 20.0

/* What a wrapper may claim at most. */
#define MOST_ROWS		1e12
#define MOST_BYTES		1e9
#define MOST_COST		1e12

/* Kept in baserel->fdw_private between the planning callbacks. */
typedef struct RelPlan
{
	McWrapper  *wrapper;
	TupleDesc	desc;
	Cost		startup_cost;
} RelPlan;

/* What a path keeps in its fdw_private. */
enum PathIndex
{
	PATH_SORT,
	PATH_LIMIT
};

static TupleDesc
copy_descriptor(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	TupleDesc	desc = CreateTupleDescCopy(RelationGetDescr(rel));

	table_close(rel, NoLock);
	return desc;
}

/* Attribute numbers that are read, from the bitmap of pull_varattnos. */
static List *
columns_of(Bitmapset *attributes, TupleDesc desc)
{
	bool		is_whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attributes);
	List	   *columns = NIL;

	for (int i = 1; i <= desc->natts; i++)
		if (!TupleDescAttr(desc, i - 1)->attisdropped &&
			(is_whole || bms_is_member(i - FirstLowInvalidHeapAttributeNumber, attributes)))
			columns = lappend_int(columns, i);
	return columns;
}

static List *
needed_columns(RelOptInfo *baserel, List *clauses, TupleDesc desc)
{
	Bitmapset  *attributes = NULL;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &attributes);
	pull_varattnos((Node *) clauses, baserel->relid, &attributes);
	return columns_of(attributes, desc);
}

/* Column names as a list; borrowed from the memory context. */
PyObject *
mc_columns_to_python(List *columns, TupleDesc desc)
{
	PyObject   *names = mc_own(PyList_New(0));
	ListCell   *cell;

	foreach(cell, columns)
	{
		PyObject   *name = mc_own(mc_from_server(NameStr(TupleDescAttr(desc, lfirst_int(cell) - 1)->attname)));

		if (PyList_Append(names, name) < 0)
			mc_raise(NULL);
	}
	return names;
}

/* The value of a qual as far as it is known now, else NULL. */
static Const *
known_value(PlannerInfo *root, McQual *qual)
{
	Node	   *estimate = estimate_expression_value(root, (Node *) qual->value);

	return IsA(estimate, Const) && !((Const *) estimate)->constisnull ? (Const *) estimate : NULL;
}

/* Clauses that will be passed to execute(), but whose values are not known now. */
static List *
unknown_clauses(PlannerInfo *root, RelOptInfo *baserel)
{
	List	   *unknown = NIL;
	ListCell   *cell;

	foreach(cell, baserel->baserestrictinfo)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, cell);
		McQual	   *qual = mc_extract_qual(root, baserel, info->clause);

		if (qual != NULL && qual->value != NULL && known_value(root, qual) == NULL)
			unknown = lappend(unknown, info);
	}
	return unknown;
}

/* Quals whose values are known now, as a Python list. */
static PyObject *
known_quals(PlannerInfo *root, RelOptInfo *baserel, TupleDesc desc)
{
	PyObject   *quals = mc_own(PyList_New(0));
	ListCell   *cell;

	foreach(cell, baserel->baserestrictinfo)
	{
		McQual	   *qual = mc_extract_qual(root, baserel, lfirst_node(RestrictInfo, cell)->clause);
		Const	   *value = qual && qual->value ? known_value(root, qual) : NULL;

		if (qual == NULL || (qual->value != NULL && value == NULL))
			continue;
		if (PyList_Append(quals, mc_qual_to_python(qual, desc, value ? value->constvalue : (Datum) 0,
												   value ? value->consttype : InvalidOid)) < 0)
			mc_raise(NULL);
	}
	return quals;
}

/* A number that is no less than 0 and no more than most; not a number counts as most. */
static double
number_of(PyObject *value, double most, const char *wrapper)
{
	double		number;

	mc_python_depth++;
	number = PyFloat_AsDouble(value);
	mc_python_depth--;
	if (number == -1.0 && PyErr_Occurred())
		mc_raise(wrapper);
	return number < most ? Max(number, 0) : most;
}

static void
refuse_answer(const char *wrapper, const char *method, const char *want)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("wrapper \"%s\": %s() did not return %s", wrapper, method, want)));
}

/* Check that an answer is a pair of items and own it. */
static PyObject *
own_sequence(PyObject *answer, Py_ssize_t size, const char *wrapper, const char *method, const char *want)
{
	PyObject   *sequence;

	mc_own(answer);
	sequence = PySequence_Fast(answer, "");
	if (sequence == NULL)
	{
		PyErr_Clear();
		refuse_answer(wrapper, method, want);
	}
	mc_own(sequence);
	if (size >= 0 && PySequence_Fast_GET_SIZE(sequence) != size)
		refuse_answer(wrapper, method, want);
	return sequence;
}

static Cost
startup_cost_of(McWrapper *wrapper)
{
	PyObject   *value = mc_attribute(wrapper->name, wrapper->instance, "_startup_cost", true);

	return value ? number_of(mc_own(value), MOST_COST, wrapper->name) : DEFAULT_STARTUP_COST;
}

void
mc_get_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	RelPlan    *plan = palloc0(sizeof(RelPlan));
	List	   *unknown = unknown_clauses(root, baserel);
	List	   *clauses = extract_actual_clauses(baserel->baserestrictinfo, false);
	MemoryContext scope;
	PyObject   *quals,
			   *columns,
			   *size;

	plan->wrapper = mc_wrapper_of(relid, OidIsValid(baserel->userid) ? baserel->userid : GetUserId());
	plan->desc = copy_descriptor(relid);
	baserel->fdw_private = plan;

	scope = mc_scope_begin();
	quals = known_quals(root, baserel, plan->desc);
	columns = mc_columns_to_python(needed_columns(baserel, clauses, plan->desc), plan->desc);
	size = own_sequence(mc_call(plan->wrapper->name, plan->wrapper->instance, "get_rel_size",
								PyTuple_Pack(2, quals, columns), NULL),
						2, plan->wrapper->name, "get_rel_size", "(rows, width)");
	baserel->rows = number_of(PySequence_Fast_GET_ITEM(size, 0), MOST_ROWS, plan->wrapper->name);
	baserel->reltarget->width = (int) Max(1, number_of(PySequence_Fast_GET_ITEM(size, 1), MOST_BYTES,
													   plan->wrapper->name));
	plan->startup_cost = startup_cost_of(plan->wrapper);
	mc_scope_end(scope);

	/* The wrapper could not count with values that are known at execution only. */
	baserel->tuples = baserel->rows;
	baserel->rows = clamp_row_est(baserel->rows *
								  clauselist_selectivity(root, unknown, 0, JOIN_INNER, NULL));
}

static Cost
total_cost(RelOptInfo *baserel, double rows)
{
	RelPlan    *plan = baserel->fdw_private;
	Cost		local = (cpu_tuple_cost + baserel->baserestrictcost.per_tuple) * rows;

	return plan->startup_cost + baserel->baserestrictcost.startup + local +
		rows * (ROW_COST + BYTE_COST * baserel->reltarget->width);
}

static void
add_scan_path(PlannerInfo *root, RelOptInfo *baserel, double rows, List *pathkeys,
			  Relids required_outer, List *fdw_private)
{
	RelPlan    *plan = baserel->fdw_private;

	add_path(baserel, (Path *)
			 create_foreignscan_path(root, baserel,
									 NULL,	/* default target */
									 rows,
#if PG_VERSION_NUM >= 180000
									 0, /* disabled nodes */
#endif
									 plan->startup_cost + baserel->baserestrictcost.startup,
									 total_cost(baserel, rows),
									 pathkeys,
									 required_outer,
									 NULL,	/* no outer path */
#if PG_VERSION_NUM >= 170000
									 NIL,	/* no restrictions of a join */
#endif
									 fdw_private));
}

/* Sort */

static List *
sort_entry(AttrNumber attnum, PathKey *key)
{
	Oid			collation = key->pk_eclass->ec_collation;
	char	   *name = OidIsValid(collation) ? get_collation_name(collation) : NULL;
#if PG_VERSION_NUM >= 180000
	bool		is_reversed = key->pk_cmptype == COMPARE_GT;
#else
	bool		is_reversed = key->pk_strategy == BTGreaterStrategyNumber;
#endif

	return list_make4(makeInteger(attnum), makeInteger(is_reversed),
					  makeInteger(key->pk_nulls_first), makeString(name ? name : pstrdup("")));
}

/* The column of baserel that a path key sorts by in its type's usual order, or 0. */
static AttrNumber
column_of_key(RelOptInfo *baserel, PathKey *key)
{
	ListCell   *cell;

	if (key->pk_eclass->ec_has_volatile)
		return 0;
	foreach(cell, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(cell);
		Node	   *expr = mc_without_relabels((Node *) member->em_expr);
		Var		   *var;

		if (!IsA(expr, Var) || member->em_is_child)
			continue;
		var = (Var *) expr;
		if (var->varno == baserel->relid && var->varlevelsup == 0 && var->varattno > 0 &&
			lookup_type_cache(member->em_datatype, TYPECACHE_BTREE_OPFAMILY)->btree_opf == key->pk_opfamily)
			return var->varattno;
	}
	return 0;
}

/* The leading keys of the wanted order that are plain columns. */
static List *
wanted_sort(PlannerInfo *root, RelOptInfo *baserel)
{
	List	   *sort = NIL;
	ListCell   *cell;

	foreach(cell, root->query_pathkeys)
	{
		PathKey    *key = lfirst_node(PathKey, cell);
		AttrNumber	attnum = column_of_key(baserel, key);

		if (attnum == 0)
			break;
		sort = lappend(sort, sort_entry(attnum, key));
	}
	return sort;
}

/* Sort keys as a Python list; borrowed from the memory context. */
PyObject *
mc_sort_to_python(List *sort, TupleDesc desc)
{
	PyObject   *keys = mc_own(PyList_New(0));
	ListCell   *cell;

	foreach(cell, sort)
	{
		List	   *entry = lfirst(cell);
		int			attnum = intVal(linitial(entry));
		PyObject   *name = mc_own(mc_from_server(NameStr(TupleDescAttr(desc, attnum - 1)->attname)));
		char	   *collation = strVal(lfourth(entry));
		PyObject   *key = PyObject_CallFunction(mc_python.sort_key, "OiOOO", name, attnum,
												intVal(lsecond(entry)) ? Py_True : Py_False,
												intVal(lthird(entry)) ? Py_True : Py_False,
												*collation ? mc_own(mc_from_server(collation)) : Py_None);

		if (PyList_Append(keys, mc_own(key)) < 0)
			mc_raise(NULL);
	}
	return keys;
}

/* How many of the wanted keys lead an answer; a wrapper that gives others first has not honoured ours. */
static int
leading_count(PyObject *keys, PyObject *able, const char *wrapper)
{
	Py_ssize_t	most = Min(PyList_GET_SIZE(keys), PySequence_Fast_GET_SIZE(able));
	Py_ssize_t	count = 0;
	int			same = 1;

	while (count < most && same > 0)
	{
		same = PyObject_RichCompareBool(PyList_GET_ITEM(keys, count), PySequence_Fast_GET_ITEM(able, count), Py_EQ);
		if (same < 0)
			mc_raise(wrapper);
		count += same;
	}
	return count;
}

/* The part of the wanted order that the wrapper can honour. */
static List *
agreed_sort(PlannerInfo *root, RelOptInfo *baserel)
{
	RelPlan    *plan = baserel->fdw_private;
	List	   *sort = wanted_sort(root, baserel);
	MemoryContext scope;
	PyObject   *keys,
			   *able;
	int			count;

	if (sort == NIL)
		return NIL;
	scope = mc_scope_begin();
	keys = mc_sort_to_python(sort, plan->desc);
	/* The wrapper gets a copy, which it may cut short. */
	able = own_sequence(mc_call(plan->wrapper->name, plan->wrapper->instance, "can_sort",
								Py_BuildValue("(N)", PyList_GetSlice(keys, 0, PyList_GET_SIZE(keys))), NULL),
						-1, plan->wrapper->name, "can_sort", "a list of sort keys");
	count = leading_count(keys, able, plan->wrapper->name);
	mc_scope_end(scope);
	return list_truncate(sort, count);
}

/* Limit */

/*
 * The number of rows after which the scan may stop, or 0: a constant LIMIT of
 * a query that is nothing but this scan, without conditions.  OFFSET is left
 * to PostgreSQL, so its rows are wanted too.
 */
static int64
wanted_limit(PlannerInfo *root, RelOptInfo *baserel)
{
	Query	   *query = root->parse;

	if (root->limit_tuples <= 0 || baserel->baserestrictinfo != NIL || query->rowMarks != NIL ||
		baserel->reloptkind != RELOPT_BASEREL || query->limitOption != LIMIT_OPTION_COUNT ||
		bms_membership(root->all_baserels) != BMS_SINGLETON ||
		query->limitCount == NULL || !IsA(query->limitCount, Const) ||
		(query->limitOffset != NULL && !IsA(query->limitOffset, Const)))
		return 0;
	return (int64) root->limit_tuples;
}

static bool
is_limit_agreed(RelPlan *plan, int64 limit)
{
	MemoryContext scope = mc_scope_begin();
	int			answer = PyObject_IsTrue(mc_own(mc_call(plan->wrapper->name, plan->wrapper->instance,
														"can_limit", Py_BuildValue("(Li)", (long long) limit, 0),
														NULL)));

	if (answer < 0)
		mc_raise(plan->wrapper->name);
	mc_scope_end(scope);
	return answer;
}

/* Parameterized paths */

/* A way to supply one column of a key: from the relations in outer. */
typedef struct Supply
{
	AttrNumber	attnum;
	Relids		outer;			/* empty for a constant */
} Supply;

static List *
add_supply(List *supplies, PlannerInfo *root, RelOptInfo *baserel, RestrictInfo *info)
{
	McQual	   *qual = mc_extract_qual(root, baserel, info->clause);
	Supply	   *supply;

	if (qual == NULL || qual->kind != MC_SCALAR || strcmp(qual->operator, "=") != 0)
		return supplies;
	supply = palloc(sizeof(Supply));
	supply->attnum = qual->attnum;
	supply->outer = bms_del_member(bms_copy(info->clause_relids), baserel->relid);
	return lappend(supplies, supply);
}

static bool
matches_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *member,
			   void *arg)
{
	Node	   *expr = mc_without_relabels((Node *) member->em_expr);

	return IsA(expr, Var) && ((Var *) expr)->varno == rel->relid &&
		((Var *) expr)->varattno == *(AttrNumber *) arg;
}

/* All ways to supply columns of the table by equality. */
static List *
find_supplies(PlannerInfo *root, RelOptInfo *baserel, TupleDesc desc)
{
	List	   *supplies = NIL;
	ListCell   *cell;

	foreach(cell, baserel->baserestrictinfo)
		supplies = add_supply(supplies, root, baserel, lfirst_node(RestrictInfo, cell));
	foreach(cell, baserel->joininfo)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, cell);

		if (join_clause_is_movable_to(info, baserel))
			supplies = add_supply(supplies, root, baserel, info);
	}
	for (AttrNumber attnum = 1; baserel->has_eclass_joins && attnum <= desc->natts; attnum++)
	{
		List	   *clauses = generate_implied_equalities_for_column(root, baserel, matches_column, &attnum,
																	 baserel->lateral_referencers);

		foreach(cell, clauses)
			supplies = add_supply(supplies, root, baserel, lfirst_node(RestrictInfo, cell));
	}
	return supplies;
}

/* Whether every column of a key can be had from the relations in outer. */
static bool
is_supplied(List *key, List *supplies, Relids outer)
{
	ListCell   *column,
			   *cell;

	foreach(column, key)
	{
		bool		found = false;

		foreach(cell, supplies)
		{
			Supply	   *supply = lfirst(cell);

			found = found || (supply->attnum == lfirst_int(column) && bms_is_subset(supply->outer, outer));
		}
		if (!found)
			return false;
	}
	return true;
}

/*
 * The sets of outer relations worth a path for a key: those of single
 * clauses, and their union.
 */
static List *
outer_candidates(List *key, List *supplies)
{
	List	   *candidates = NIL;
	Relids		all = NULL;
	ListCell   *cell;

	foreach(cell, supplies)
	{
		Supply	   *supply = lfirst(cell);

		if (!list_member_int(key, supply->attnum) || bms_is_empty(supply->outer))
			continue;
		candidates = lappend(candidates, supply->outer);
		all = bms_add_members(all, supply->outer);
	}
	return all ? lappend(candidates, all) : NIL;
}

static bool
is_known_set(List *sets, Relids set)
{
	ListCell   *cell;

	foreach(cell, sets)
		if (bms_equal(lfirst(cell), set))
			return true;
	return false;
}

static void
add_key_paths(PlannerInfo *root, RelOptInfo *baserel, List *key, double rows, List *supplies)
{
	List	   *done = NIL;
	ListCell   *cell;

	foreach(cell, outer_candidates(key, supplies))
	{
		Relids		outer = lfirst(cell);

		if (is_known_set(done, outer) || !is_supplied(key, supplies, outer))
			continue;
		done = lappend(done, outer);
		add_scan_path(root, baserel, rows, NIL, bms_union(outer, baserel->lateral_relids),
					  list_make2(NIL, NULL));
	}
}

static AttrNumber
attnum_of_name(PyObject *name, TupleDesc desc, McWrapper *wrapper)
{
	char	   *text;

	if (!PyUnicode_Check(name))
		refuse_answer(wrapper->name, "get_path_keys", "tuples of column names");
	text = mc_to_server(Py_NewRef(name));
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), text) == 0)
			return i + 1;
	return 0;
}

/* Read ((column, ...), rows); NIL when the table lacks a column. */
static List *
read_key(PyObject *item, TupleDesc desc, McWrapper *wrapper, double *rows)
{
	static const char *const want = "a list of ((column, ...), rows)";
	PyObject   *pair = own_sequence(Py_NewRef(item), 2, wrapper->name, "get_path_keys", want);
	PyObject   *names = own_sequence(Py_NewRef(PySequence_Fast_GET_ITEM(pair, 0)), -1,
									 wrapper->name, "get_path_keys", want);
	List	   *key = NIL;

	*rows = clamp_row_est(number_of(PySequence_Fast_GET_ITEM(pair, 1), MOST_ROWS, wrapper->name));
	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(names); i++)
	{
		AttrNumber	attnum = attnum_of_name(PySequence_Fast_GET_ITEM(names, i), desc, wrapper);

		if (attnum == 0)
			return NIL;
		key = lappend_int(key, attnum);
	}
	return key;
}

static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *baserel)
{
	RelPlan    *plan = baserel->fdw_private;
	List	   *supplies;
	PyObject   *keys;

	if (baserel->joininfo == NIL && !baserel->has_eclass_joins)
		return;
	/* Planner structures are made here: the references live as long as they do. */
	keys = own_sequence(mc_call(plan->wrapper->name, plan->wrapper->instance, "get_path_keys",
								PyTuple_New(0), NULL),
						-1, plan->wrapper->name, "get_path_keys", "a list");
	if (PySequence_Fast_GET_SIZE(keys) == 0)
		return;
	supplies = find_supplies(root, baserel, plan->desc);
	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(keys); i++)
	{
		double		rows;
		List	   *key = read_key(PySequence_Fast_GET_ITEM(keys, i), plan->desc, plan->wrapper, &rows);

		add_key_paths(root, baserel, key, rows, supplies);
	}
}

void
mc_get_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	RelPlan    *plan = baserel->fdw_private;
	List	   *sort = agreed_sort(root, baserel);
	List	   *pathkeys = list_truncate(list_copy(root->query_pathkeys), list_length(sort));
	int64		limit = wanted_limit(root, baserel);
	bool		is_sorted = list_length(sort) == list_length(root->query_pathkeys);

	if (limit > 0 && is_sorted && is_limit_agreed(plan, limit))
	{
		add_scan_path(root, baserel, Min(baserel->rows, limit), pathkeys, baserel->lateral_relids,
					  list_make2(sort, makeString(psprintf(INT64_FORMAT, limit))));
		return;
	}
	add_scan_path(root, baserel, baserel->rows, NIL, baserel->lateral_relids, list_make2(NIL, NULL));
	if (sort != NIL)
		add_scan_path(root, baserel, baserel->rows, pathkeys, baserel->lateral_relids,
					  list_make2(sort, NULL));
	add_parameterized_paths(root, baserel);
}

ForeignScan *
mc_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid, ForeignPath *best_path, List *tlist,
			List *scan_clauses, Plan *outer_plan)
{
	RelPlan    *plan = baserel->fdw_private;
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	List	   *quals = NIL;
	List	   *values = NIL;
	ListCell   *cell;
	List	   *fdw_private;

	foreach(cell, clauses)
	{
		McQual	   *qual = mc_extract_qual(root, baserel, lfirst(cell));

		if (qual == NULL)
			continue;
		quals = lappend(quals, mc_qual_to_list(qual, qual->value ? list_length(values) : -1));
		if (qual->value)
			values = lappend(values, qual->value);
	}
	fdw_private = list_make4(quals, needed_columns(baserel, clauses, plan->desc),
							 list_nth(best_path->fdw_private, PATH_SORT),
							 list_nth(best_path->fdw_private, PATH_LIMIT));
	return make_foreignscan(tlist, clauses, baserel->relid, values, fdw_private, NIL, NIL, outer_plan);
}
