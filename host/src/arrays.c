/*-------------------------------------------------------------------------
 *
 * arrays.c
 *		Arrays as Python lists, nested where they have several dimensions.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "utils/array.h"

typedef struct ArrayReader
{
	Datum	   *values;
	bool	   *nulls;
	int			position;
	int			dimensions;
	int		   *sizes;
	McType	   *element;
} ArrayReader;

static void
set_item(PyObject *list, int index, PyObject *item)
{
	/* Steals the reference; the list is new, so this cannot fail. */
	PyList_SET_ITEM(list, index, item);
}

/* The list of one dimension, borrowed: it belongs to the memory context. */
static PyObject *
read_dimension(ArrayReader *reader, int dimension)
{
	int			size = reader->sizes[dimension];
	PyObject   *list = mc_own(PyList_New(size));

	for (int i = 0; i < size; i++)
	{
		PyObject   *item;

		if (dimension + 1 < reader->dimensions)
		{
			item = read_dimension(reader, dimension + 1);
			Py_INCREF(item);
		}
		else
		{
			int			at = reader->position++;

			item = reader->nulls[at] ? Py_NewRef(Py_None) :
				mc_datum_to_python(reader->values[at], reader->element);
		}
		set_item(list, i, item);
	}
	return list;
}

/* Give an array as a new list; flat makes one list of all elements. */
PyObject *
mc_array_to_python(Datum datum, McType *type, bool flat)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	ArrayReader reader = {.element = type->element};
	int			count;

	deconstruct_array(array, ARR_ELEMTYPE(array), type->element->length, type->element->byval,
					  type->element->align, &reader.values, &reader.nulls, &count);
	reader.dimensions = flat || count == 0 ? 1 : ARR_NDIM(array);
	reader.sizes = flat || count == 0 ? &count : ARR_DIMS(array);
	return Py_NewRef(read_dimension(&reader, 0));
}

typedef struct ArrayWriter
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			capacity;
	int			dimensions;
	int			sizes[MAXDIM];
	McType	   *element;
} ArrayWriter;

static bool
is_list(PyObject *value)
{
	return PyList_Check(value) || PyTuple_Check(value);
}

/* Learn the shape from the first item of each dimension. */
static void
measure(ArrayWriter *writer, PyObject *list)
{
	while (is_list(list))
	{
		if (writer->dimensions == MAXDIM)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("number of array dimensions exceeds the maximum allowed (%d)", MAXDIM)));
		writer->sizes[writer->dimensions++] = PySequence_Fast_GET_SIZE(list);
		if (PySequence_Fast_GET_SIZE(list) == 0)
			return;
		list = PySequence_Fast_GET_ITEM(list, 0);
	}
}

static void
append_element(ArrayWriter *writer, PyObject *value)
{
	if (writer->count == writer->capacity)
	{
		writer->capacity *= 2;
		writer->values = repalloc(writer->values, writer->capacity * sizeof(Datum));
		writer->nulls = repalloc(writer->nulls, writer->capacity * sizeof(bool));
	}
	writer->values[writer->count] = mc_python_to_datum(value, writer->element,
													   &writer->nulls[writer->count]);
	writer->count++;
}

static void
append_dimension(ArrayWriter *writer, PyObject *list, int dimension)
{
	bool		is_last = dimension + 1 == writer->dimensions;

	if (!is_list(list) || PySequence_Fast_GET_SIZE(list) != writer->sizes[dimension])
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("nested lists of an array must all have the same length")));
	for (int i = 0; i < writer->sizes[dimension]; i++)
	{
		PyObject   *item = mc_own(Py_NewRef(PySequence_Fast_GET_ITEM(list, i)));

		if (is_last)
			append_element(writer, item);
		else
			append_dimension(writer, item, dimension + 1);
	}
}

Datum
mc_list_to_array(PyObject *list, McType *type)
{
	McType	   *element = type->element;
	ArrayWriter writer = {.element = element, .capacity = 16};
	int			bounds[MAXDIM];

	writer.values = palloc(writer.capacity * sizeof(Datum));
	writer.nulls = palloc(writer.capacity * sizeof(bool));
	/* Elements that are lists in Python (json, hstore) do not make dimensions. */
	if (element->kind == MC_JSON)
	{
		writer.dimensions = 1;
		writer.sizes[0] = PySequence_Fast_GET_SIZE(list);
	}
	else
		measure(&writer, list);
	append_dimension(&writer, list, 0);
	if (writer.count == 0)
		return PointerGetDatum(construct_empty_array(element->typid));
	for (int i = 0; i < MAXDIM; i++)
		bounds[i] = 1;
	return PointerGetDatum(construct_md_array(writer.values, writer.nulls, writer.dimensions,
											  writer.sizes, bounds, element->typid,
											  element->length, element->byval, element->align));
}
