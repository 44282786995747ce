/*-------------------------------------------------------------------------
 *
 * types.c
 *		Values between PostgreSQL and Python.
 *
 * Types with a natural counterpart have a conversion of their own; all
 * others go through their text functions.  A Python string is accepted for
 * every type, in the form the type's input function reads.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

static McKind
kind_of(Oid basetype, int32 typmod)
{
	switch (basetype)
	{
		case TEXTOID:
			return MC_TEXT;
		case VARCHAROID:
			return MC_TEXT;
		case BOOLOID:
			return MC_BOOL;
		case INT2OID:
			return MC_INT2;
		case INT4OID:
			return MC_INT4;
		case INT8OID:
			return MC_INT8;
		case OIDOID:
			return MC_OID;
		case FLOAT4OID:
			return MC_FLOAT4;
		case FLOAT8OID:
			return MC_FLOAT8;
		case NUMERICOID:
			return MC_NUMERIC;
		case DATEOID:
			return MC_DATE;
		case TIMEOID:
			return MC_TIME;
		case TIMESTAMPOID:
			return MC_TIMESTAMP;
		case TIMESTAMPTZOID:
			return MC_TIMESTAMPTZ;
		case BYTEAOID:
			return MC_BYTEA;
		case JSONOID:
		case JSONBOID:
			return MC_JSON;
		default:
			return type_is_array(basetype) ? MC_ARRAY : MC_OTHER;
	}
}

/* Make what a type's conversion needs, in the current memory context. */
McType *
mc_type_open(Oid typid, int32 typmod)
{
	McType	   *type = palloc0(sizeof(McType));
	Oid			function;

	type->typid = typid;
	type->typmod = typmod;
	type->basetype = getBaseTypeAndTypmod(typid, &type->typmod);
	type->kind = kind_of(type->basetype, type->typmod);
	type->context = CurrentMemoryContext;
	type->name = format_type_extended(type->basetype, -1, FORMAT_TYPE_ALLOW_INVALID);
	/* A type outside the search path is named with its schema. */
	if (strrchr(type->name, '.') != NULL)
		type->name = strrchr(type->name, '.') + 1;
	getTypeInputInfo(type->basetype, &function, &type->ioparam);
	fmgr_info(function, &type->in);
	getTypeOutputInfo(type->basetype, &function, &type->is_varlena);
	fmgr_info(function, &type->out);
	get_typlenbyvalalign(type->basetype, &type->length, &type->byval, &type->align);
	if (type->kind == MC_ARRAY)
		type->element = mc_type_open(get_base_element_type(type->basetype), type->typmod);
	return type;
}

static PyObject *
text_to_python(Datum datum)
{
	text	   *value = DatumGetTextPP(datum);
	PyObject   *result = mc_from_server_len(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));

	if ((Pointer) value != DatumGetPointer(datum))
		pfree(value);
	return result;
}

static PyObject *
bytea_to_python(Datum datum)
{
	bytea	   *value = DatumGetByteaPP(datum);

	return PyBytes_FromStringAndSize(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static PyObject *
output_to_python(Datum datum, McType *type)
{
	char	   *text = OutputFunctionCall(&type->out, datum);
	PyObject   *result;

	result = mc_from_server(text);
	pfree(text);
	return result;
}

static PyObject *
numeric_to_python(Datum datum, McType *type)
{
	char	   *text = OutputFunctionCall(&type->out, datum);

	return PyObject_CallFunction(mc_python.decimal, "s", text);
}

/*
 * Give a value that is not NULL as a new Python reference.  Infinite and
 * very early or late times, which Python cannot hold, come as text.
 */
PyObject *
mc_datum_to_python(Datum datum, McType *type)
{
	PyObject   *result = NULL;

	switch (type->kind)
	{
		case MC_TEXT:
			result = text_to_python(datum);
			break;
		case MC_BOOL:
			result = PyBool_FromLong(DatumGetBool(datum));
			break;
		case MC_INT2:
			result = PyLong_FromLong(DatumGetInt16(datum));
			break;
		case MC_INT4:
			result = PyLong_FromLong(DatumGetInt32(datum));
			break;
		case MC_INT8:
			result = PyLong_FromLongLong(DatumGetInt64(datum));
			break;
		case MC_OID:
			result = PyLong_FromUnsignedLong(DatumGetObjectId(datum));
			break;
		case MC_FLOAT4:
			result = PyFloat_FromDouble(DatumGetFloat4(datum));
			break;
		case MC_FLOAT8:
			result = PyFloat_FromDouble(DatumGetFloat8(datum));
			break;
		case MC_NUMERIC:
			result = numeric_to_python(datum, type);
			break;
		case MC_DATE:
			result = mc_date_to_python(datum);
			break;
		case MC_TIME:
			result = mc_time_to_python(datum);
			break;
		case MC_TIMESTAMP:
		case MC_TIMESTAMPTZ:
			result = mc_timestamp_to_python(datum, type->kind == MC_TIMESTAMPTZ);
			break;
		case MC_BYTEA:
			result = bytea_to_python(datum);
			break;
		case MC_ARRAY:
			result = mc_array_to_python(datum, type, false);
			break;
		case MC_JSON:
		case MC_OTHER:
			result = output_to_python(datum, type);
			break;
	}
	if (result == NULL && PyErr_Occurred())
		mc_raise(NULL);
	return result ? result : output_to_python(datum, type);
}

/* Check a domain's constraints; the value is of the base type. */
static Datum
check_domain(Datum datum, bool isnull, McType *type)
{
	if (type->typid != type->basetype && get_typtype(type->typid) == TYPTYPE_DOMAIN)
		domain_check(datum, isnull, type->typid, &type->domain_cache, type->context);
	return datum;
}

/* Read a type's text form. */
Datum
mc_text_to_datum(char *text, McType *type)
{
	return InputFunctionCall(&type->in, text, type->ioparam, type->typmod);
}

/*
 * The text form of a Python value in the server's encoding.  The reference
 * to value is the caller's.
 */
char *
mc_text_of(PyObject *value, McType *type)
{
	PyObject   *text,
			   *name;

	if (PyUnicode_Check(value))
	{
		Py_INCREF(value);
		return mc_to_server(value);
	}
	name = mc_from_server(type->name);
	mc_python_depth++;
	if (type->kind == MC_JSON)
		text = PyObject_CallFunctionObjArgs(mc_python.json_text, value, NULL);
	else
		text = PyObject_CallFunctionObjArgs(mc_python.column_text, value, name, NULL);
	mc_python_depth--;
	Py_DECREF(name);
	return mc_to_server(text);
}

static bool
int_fits(long long number, McKind kind)
{
	switch (kind)
	{
		case MC_INT2:
			return number >= PG_INT16_MIN && number <= PG_INT16_MAX;
		case MC_INT4:
			return number >= PG_INT32_MIN && number <= PG_INT32_MAX;
		case MC_OID:
			return number >= 0 && number <= PG_UINT32_MAX;
		default:
			return true;
	}
}

static bool
python_to_int(PyObject *value, McType *type, Datum *datum)
{
	int			overflow = 0;
	long long	number;

	if (PyLong_Check(value))
		number = PyLong_AsLongLongAndOverflow(value, &overflow);
	else if (PyFloat_Check(value) && rint(PyFloat_AS_DOUBLE(value)) == PyFloat_AS_DOUBLE(value) &&
			 fabs(PyFloat_AS_DOUBLE(value)) < 9.2e18)
		number = (long long) PyFloat_AS_DOUBLE(value);
	else
		return false;
	if (overflow != 0 || !int_fits(number, type->kind))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value is out of range for type %s", format_type_be(type->basetype))));
	if (type->kind == MC_INT2)
		*datum = Int16GetDatum((int16) number);
	else if (type->kind == MC_INT4)
		*datum = Int32GetDatum((int32) number);
	else if (type->kind == MC_OID)
		*datum = ObjectIdGetDatum((Oid) number);
	else
		*datum = Int64GetDatum(number);
	return true;
}

static bool
python_to_float(PyObject *value, McType *type, Datum *datum)
{
	double		number;

	if (PyFloat_Check(value))
		number = PyFloat_AS_DOUBLE(value);
	else if (PyLong_Check(value) && !PyBool_Check(value))
	{
		number = PyLong_AsDouble(value);
		if (number == -1.0 && PyErr_Occurred())
		{
			PyErr_Clear();
			return false;
		}
	}
	else
		return false;
	if (type->kind == MC_FLOAT8)
		*datum = Float8GetDatum(number);
	else
	{
		/* Too large for float4: let its input function say so. */
		if (isinf((float4) number) && !isinf(number))
			return false;
		*datum = Float4GetDatum((float4) number);
	}
	return true;
}

static bool
python_to_bytea(PyObject *value, Datum *datum)
{
	Py_buffer	buffer;
	bytea	   *result;

	if (PyUnicode_Check(value) || !PyObject_CheckBuffer(value))
		return false;
	if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0)
		mc_raise(NULL);
	result = buffer.len < MaxAllocSize - VARHDRSZ ?
		palloc_extended(buffer.len + VARHDRSZ, MCXT_ALLOC_NO_OOM) : NULL;
	if (result != NULL)
	{
		SET_VARSIZE(result, buffer.len + VARHDRSZ);
		memcpy(VARDATA(result), buffer.buf, buffer.len);
	}
	PyBuffer_Release(&buffer);
	if (result == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too large for type bytea")));
	*datum = PointerGetDatum(result);
	return true;
}

/*
 * The usual string needs neither conversion nor check: Python's UTF-8 is
 * well formed, and no more characters than bytes can exceed a length limit,
 * which the input function enforces otherwise.
 */
static bool
plain_text(PyObject *value, McType *type, Datum *datum)
{
	Py_ssize_t	length,
				most = type->typmod < (int32) VARHDRSZ ? MaxAllocSize / 2 : type->typmod - VARHDRSZ;
	const char *utf8;

	if (GetDatabaseEncoding() != PG_UTF8 || !PyUnicode_Check(value))
		return false;
	utf8 = PyUnicode_AsUTF8AndSize(value, &length);
	if (utf8 == NULL)
	{
		PyErr_Clear();
		return false;
	}
	if (length > most || memchr(utf8, '\0', length) != NULL)
		return false;
	*datum = PointerGetDatum(cstring_to_text_with_len(utf8, length));
	return true;
}

static bool
convert_natively(PyObject *value, McType *type, Datum *datum)
{
	switch (type->kind)
	{
		case MC_TEXT:
			return plain_text(value, type, datum);
		case MC_BOOL:
			if (!PyBool_Check(value))
				return false;
			*datum = BoolGetDatum(value == Py_True);
			return true;
		case MC_INT2:
		case MC_INT4:
		case MC_INT8:
		case MC_OID:
			return python_to_int(value, type, datum);
		case MC_FLOAT4:
		case MC_FLOAT8:
			return python_to_float(value, type, datum);
		case MC_DATE:
			return mc_python_to_date(value, datum);
		case MC_TIME:
			return mc_python_to_time(value, type->typmod, datum);
		case MC_TIMESTAMP:
		case MC_TIMESTAMPTZ:
			return mc_python_to_timestamp(value, type, datum);
		case MC_BYTEA:
			return python_to_bytea(value, datum);
		case MC_ARRAY:
			/* These two may neither have bounds of their own nor hold NULL: their input functions know. */
			if ((!PyList_Check(value) && !PyTuple_Check(value)) ||
				type->basetype == INT2VECTOROID || type->basetype == OIDVECTOROID)
				return false;
			*datum = mc_list_to_array(value, type);
			return true;
		default:
			return false;
	}
}

/*
 * Convert a Python value.  The caller keeps value alive, errors included.
 */
Datum
mc_python_to_datum(PyObject *value, McType *type, bool *isnull)
{
	Datum		datum = (Datum) 0;

	*isnull = value == Py_None;
	if (!*isnull && !convert_natively(value, type, &datum))
		datum = mc_text_to_datum(mc_text_of(value, type), type);
	return check_domain(datum, *isnull, type);
}
