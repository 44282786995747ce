/*-------------------------------------------------------------------------
 *
 * quals.c
 *		Conditions a wrapper is told: AND-ed simple terms on one column.
 *
 * PostgreSQL checks every condition again, so a term that is passed may be
 * honoured as a superset; but it must mean what Python thinks it means, or
 * rows would be lost.  Hence: built-in operators only, no nondeterministic
 * collations, times only of the column's own type, no casts that change what
 * equality means (int to oid, text to char), and comparisons only of types
 * that compare in Python as they do here.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* The type whose rules a value follows: below domains, and text for varchar. */
static Oid
ruling_type(Oid type)
{
	Oid			base = getBaseType(type);

	return base == VARCHAROID ? TEXTOID : base;
}

/* What is below casts that leave a value's meaning alone: from varchar to text, from a domain to its base. */
Node *
mc_without_relabels(Node *expr)
{
	while (expr != NULL && IsA(expr, RelabelType))
	{
		Node	   *arg = (Node *) ((RelabelType *) expr)->arg;

		if (ruling_type(exprType(arg)) != ruling_type(exprType(expr)))
			break;
		expr = arg;
	}
	return expr;
}

/* The column of rel that expr is, or NULL. */
static Var *
column_of(RelOptInfo *rel, Node *expr)
{
	Var		   *var;

	expr = mc_without_relabels(expr);
	if (expr == NULL || !IsA(expr, Var))
		return NULL;
	var = (Var *) expr;
	if (var->varno != rel->relid || var->varlevelsup != 0 || var->varattno <= 0)
		return NULL;
	return var;
}

/* An expression that can be computed before the scan starts. */
static bool
is_value(PlannerInfo *root, RelOptInfo *rel, Node *expr)
{
	return !bms_is_member(rel->relid, pull_varnos(root, expr)) &&
		!contain_volatile_functions(expr) && !contain_subplans(expr);
}

static bool
is_time_type(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID ||
		type == TIMEOID || type == TIMETZOID || type == INTERVALOID;
}

/*
 * Bring a value compared with a column of another type of time to the
 * column's type, where that changes nothing: from date to timestamp and from
 * both to timestamptz.  NULL where it would.
 */
static Expr *
fit_time(Var *column, Expr *value)
{
	Oid			want = getBaseType(column->vartype);
	Oid			have = getBaseType(exprType((Node *) value));
	bool		widens = (have == DATEOID && (want == TIMESTAMPOID || want == TIMESTAMPTZOID)) ||
		(have == TIMESTAMPOID && want == TIMESTAMPTZOID);

	if (want == have || (!is_time_type(want) && !is_time_type(have)))
		return value;
	if (!widens)
		return NULL;
	return (Expr *) coerce_to_target_type(NULL, (Node *) value, have, want, -1,
										  COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
}

/* Values that sort in Python as they do here; of text, which has collations, the wrapper must know. */
static bool
sorts_in_python(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TEXTOID:
		case BPCHAROID:
		case NAMEOID:
		case BYTEAOID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

/* Values that are equal here only if they are in Python, where others than the above are text. */
static bool
is_equal_in_python(Oid type)
{
	Oid			element = get_base_element_type(type);

	if (OidIsValid(element))
		type = ruling_type(element);
	return sorts_in_python(type) || type == INETOID || type == CIDROID || type == MACADDROID ||
		get_typtype(type) == TYPTYPE_ENUM;
}

/* Whether a comparison, by its operator's name, means the same in Python; operators of other names do by contract. */
static bool
compares_in_python(const char *operator, Oid type)
{
	if (strcmp(operator, "=") == 0 || strcmp(operator, "<>") == 0)
		return is_equal_in_python(type);
	return operator[strspn(operator, "<>=")] != '\0' || sorts_in_python(type);
}

/* operator has the column on its left side. */
static bool
is_usable_operator(Var *column, Oid operator, Oid collation)
{
	Oid			type = ruling_type(column->vartype);
	Oid			left,
				right;

	op_input_types(operator, &left, &right);
	/* Padding counts for LIKE, and float4 only as long as float8 is far. */
	if ((type == BPCHAROID || type == FLOAT4OID || right == FLOAT4OID) && left != right)
		return false;
	return operator < FirstGenbkiObjectId && compares_in_python(get_opname(operator), type) &&
		(!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

static McQual *
make_qual(Var *column, const char *operator, McQualKind kind, Expr *value)
{
	McQual	   *qual = palloc0(sizeof(McQual));

	qual->attnum = column->varattno;
	qual->operator = pstrdup(operator);
	qual->kind = kind;
	qual->value = value;
	return qual;
}

static McQual *
extract_comparison(PlannerInfo *root, RelOptInfo *rel, OpExpr *clause)
{
	Oid			operator = clause->opno;
	Node	   *left,
			   *right;
	Var		   *column;
	Expr	   *value;
	McQual	   *qual;

	if (list_length(clause->args) != 2)
		return NULL;
	left = linitial(clause->args);
	right = lsecond(clause->args);
	column = column_of(rel, left);
	if (column == NULL || !is_value(root, rel, right))
	{
		column = column_of(rel, right);
		right = left;
		operator = get_commutator(operator);
		if (column == NULL || !is_value(root, rel, right) || !OidIsValid(operator))
			return NULL;
	}
	if (!is_usable_operator(column, operator, clause->inputcollid))
		return NULL;
	value = fit_time(column, (Expr *) right);
	if (value == NULL)
		return NULL;
	qual = make_qual(column, get_opname(operator), MC_SCALAR, value);
	qual->is_strict = op_strict(operator);
	return qual;
}

static McQual *
extract_array_comparison(PlannerInfo *root, RelOptInfo *rel, ScalarArrayOpExpr *clause)
{
	Var		   *column = column_of(rel, linitial(clause->args));
	Node	   *array = lsecond(clause->args);
	Oid			element = get_base_element_type(exprType(array));
	McQual	   *qual;

	if (column == NULL || !is_value(root, rel, array) || element == BPCHAROID ||
		!is_usable_operator(column, clause->opno, clause->inputcollid))
		return NULL;
	if ((is_time_type(element) || is_time_type(getBaseType(column->vartype))) &&
		element != getBaseType(column->vartype))
		return NULL;
	qual = make_qual(column, get_opname(clause->opno), clause->useOr ? MC_ANY : MC_ALL,
					 (Expr *) array);
	qual->is_strict = op_strict(clause->opno);
	return qual;
}

static McQual *
extract_null_test(RelOptInfo *rel, NullTest *clause)
{
	Var		   *column = column_of(rel, (Node *) clause->arg);

	if (column == NULL || clause->argisrow)
		return NULL;
	if (clause->nulltesttype == IS_NULL)
		return make_qual(column, "=", MC_IS_NULL, NULL);
	return make_qual(column, "<>", MC_IS_NOT_NULL, NULL);
}

static McQual *
extract_boolean_test(RelOptInfo *rel, BooleanTest *clause)
{
	Var		   *column = column_of(rel, (Node *) clause->arg);

	if (column == NULL)
		return NULL;
	switch (clause->booltesttype)
	{
		case IS_TRUE:
			return make_qual(column, "=", MC_IS_TRUE, NULL);
		case IS_FALSE:
			return make_qual(column, "=", MC_IS_FALSE, NULL);
		case IS_UNKNOWN:
			return make_qual(column, "=", MC_IS_NULL, NULL);
		case IS_NOT_UNKNOWN:
			return make_qual(column, "<>", MC_IS_NOT_NULL, NULL);
		default:
			return NULL;
	}
}

static McQual *
extract_bare_boolean(RelOptInfo *rel, Node *expr, McQualKind kind)
{
	Var		   *column = column_of(rel, expr);

	return column ? make_qual(column, "=", kind, NULL) : NULL;
}

/* The simple term a clause is, or NULL. */
McQual *
mc_extract_qual(PlannerInfo *root, RelOptInfo *rel, Expr *clause)
{
	switch (nodeTag(clause))
	{
		case T_OpExpr:
			return extract_comparison(root, rel, (OpExpr *) clause);
		case T_ScalarArrayOpExpr:
			return extract_array_comparison(root, rel, (ScalarArrayOpExpr *) clause);
		case T_NullTest:
			return extract_null_test(rel, (NullTest *) clause);
		case T_BooleanTest:
			return extract_boolean_test(rel, (BooleanTest *) clause);
		case T_Var:
			return extract_bare_boolean(rel, (Node *) clause, MC_IS_TRUE);
		case T_BoolExpr:
			if (((BoolExpr *) clause)->boolop != NOT_EXPR)
				return NULL;
			return extract_bare_boolean(rel, linitial(((BoolExpr *) clause)->args), MC_IS_FALSE);
		default:
			return NULL;
	}
}

/* A qual in the form a plan can hold; the value itself is in fdw_exprs. */
List *
mc_qual_to_list(McQual *qual, int value_index)
{
	return lappend(list_make4(makeInteger(qual->attnum), makeString(qual->operator),
							  makeInteger(qual->kind), makeInteger(qual->is_strict)),
				   makeInteger(value_index));
}

McQual *
mc_qual_from_list(List *list, int *value_index)
{
	McQual	   *qual = palloc0(sizeof(McQual));

	qual->attnum = intVal(linitial(list));
	qual->operator = strVal(lsecond(list));
	qual->kind = intVal(lthird(list));
	qual->is_strict = intVal(lfourth(list));
	*value_index = intVal(llast(list));
	return qual;
}

static bool
has_null_element(Datum array)
{
	return array_contains_nulls(DatumGetArrayTypeP(array));
}

static int
element_count(Datum array)
{
	ArrayType  *value = DatumGetArrayTypeP(array);

	return ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value));
}

/* No row can match: a comparison with NULL, or with no element at all. */
bool
mc_qual_is_never_true(McQual *qual, Datum value, bool isnull, Oid valuetype)
{
	if (qual->kind != MC_SCALAR && qual->kind != MC_ANY && qual->kind != MC_ALL)
		return false;
	if (isnull)
		return qual->is_strict;
	if (qual->kind == MC_ANY)
		return element_count(value) == 0;
	return qual->kind == MC_ALL && qual->is_strict && has_null_element(value);
}

/* Every row matches, so Python need not be told: op ALL of nothing. */
bool
mc_qual_is_always_true(McQual *qual, Datum value, bool isnull)
{
	return qual->kind == MC_ALL && !isnull && element_count(value) == 0;
}

/* NULL elements never match; told as None they would mean IS NULL. */
static PyObject *
without_nones(PyObject *list)
{
	PyObject   *result = mc_own(PyList_New(0));

	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
	{
		PyObject   *item = PyList_GET_ITEM(list, i);

		if (item != Py_None && PyList_Append(result, item) < 0)
			mc_raise(NULL);
	}
	return result;
}

/* char(n) compares without its padding. */
static Datum
unpadded(Datum value, McType *type)
{
	return type->basetype == BPCHAROID ? OidFunctionCall1(F_TEXT_BPCHAR, value) : value;
}

static PyObject *
value_to_python(McQual *qual, Datum value, Oid valuetype)
{
	McType	   *type = mc_type_open(valuetype, -1);

	if (qual->kind == MC_SCALAR && type->basetype == BPCHAROID)
		return mc_own(mc_datum_to_python(unpadded(value, type), mc_type_open(TEXTOID, -1)));
	if (qual->kind == MC_SCALAR)
		return mc_own(mc_datum_to_python(value, type));
	return without_nones(mc_own(mc_array_to_python(value, type, true)));
}

/*
 * Make the Python Qual; borrowed from the memory context.  value is not NULL
 * where the kind needs one.
 */
PyObject *
mc_qual_to_python(McQual *qual, TupleDesc desc, Datum value, Oid valuetype)
{
	PyObject   *name = mc_own(mc_from_server(NameStr(TupleDescAttr(desc, qual->attnum - 1)->attname)));
	PyObject   *operator = mc_own(mc_from_server(qual->operator));
	PyObject   *operand = Py_None;

	if (qual->kind == MC_IS_TRUE || qual->kind == MC_IS_FALSE)
		operand = qual->kind == MC_IS_TRUE ? Py_True : Py_False;
	else if (qual->kind == MC_SCALAR || qual->kind == MC_ANY || qual->kind == MC_ALL)
		operand = value_to_python(qual, value, valuetype);
	if (qual->kind == MC_ANY || qual->kind == MC_ALL)
		operator = mc_own(PyTuple_Pack(2, operator, qual->kind == MC_ANY ? Py_True : Py_False));
	return mc_own(PyObject_CallFunctionObjArgs(mc_python.qual, name, operator, operand, NULL));
}
