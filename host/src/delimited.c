/*-------------------------------------------------------------------------
 *
 * delimited.c
 *		Splits text of quoted values into columns.
 *
 * Exports of web services put every value into quotes and double those
 * inside; a line feed ends a row.  Nothing else is read here: of any other
 * text the answer is None, and the wrapper reads it its own way.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

typedef struct Reader
{
	const char *next;
	const char *end;
	bool		is_ascii;
} Reader;

/* The value between two places, with its doubled quotes made single. */
static PyObject *
unescaped(const char *begin, const char *end)
{
	char	   *copy = PyMem_Malloc(end - begin);
	char	   *to = copy;
	PyObject   *value;

	if (copy == NULL)
		return PyErr_NoMemory();
	for (const char *from = begin; from < end; from++)
	{
		*to++ = *from;
		if (*from == '"')
			from++;
	}
	value = PyUnicode_DecodeUTF8(copy, to - copy, NULL);
	PyMem_Free(copy);
	return value;
}

static PyObject *
plain(const char *begin, const char *end, bool is_ascii)
{
	PyObject   *value;

	if (!is_ascii)
		return PyUnicode_DecodeUTF8(begin, end - begin, NULL);
	value = PyUnicode_New(end - begin, 127);
	if (value != NULL)
		memcpy(PyUnicode_1BYTE_DATA(value), begin, end - begin);
	return value;
}

/*
 * Read a value and the separator behind it.  The empty value is None, as both
 * mean the same there.  NULL without an exception: it is no quoted value.
 */
static PyObject *
read_value(Reader *reader, char separator)
{
	const char *begin,
			   *quote;
	bool		has_quotes = false;

	if (reader->next >= reader->end || *reader->next != '"')
		return NULL;
	begin = reader->next + 1;
	quote = memchr(begin, '"', reader->end - begin);
	while (quote != NULL && quote + 1 < reader->end && quote[1] == '"')
	{
		has_quotes = true;
		quote = memchr(quote + 2, '"', reader->end - quote - 2);
	}
	if (quote == NULL || quote + 1 >= reader->end || quote[1] != separator)
		return NULL;
	reader->next = quote + 2;
	if (quote == begin)
		return Py_NewRef(Py_None);
	return has_quotes ? unescaped(begin, quote) : plain(begin, quote, reader->is_ascii);
}

static bool
read_row(Reader *reader, PyObject *columns, Py_ssize_t width)
{
	for (Py_ssize_t i = 0; i < width; i++)
	{
		PyObject   *value = read_value(reader, i == width - 1 ? '\n' : ',');
		bool		is_kept = value != NULL && PyList_Append(PyList_GET_ITEM(columns, i), value) == 0;

		Py_XDECREF(value);
		if (!is_kept)
			return false;
	}
	return true;
}

static PyObject *
empty_columns(Py_ssize_t width)
{
	PyObject   *columns = PyList_New(width);

	for (Py_ssize_t i = 0; columns != NULL && i < width; i++)
	{
		PyObject   *column = PyList_New(0);

		if (column == NULL)
			Py_CLEAR(columns);
		else
			PyList_SET_ITEM(columns, i, column);
	}
	return columns;
}

/* split_rows(text, width) */
PyObject *
mc_split_rows(PyObject *module, PyObject *args)
{
	PyObject   *text,
			   *columns;
	Py_ssize_t	width,
				length;
	Reader		reader;
	bool		is_whole = true;

	if (!PyArg_ParseTuple(args, "Un", &text, &width))
		return NULL;
	reader.next = PyUnicode_AsUTF8AndSize(text, &length);
	columns = reader.next && width > 0 ? empty_columns(width) : NULL;
	if (columns == NULL)
	{
		if (PyErr_Occurred())
			return NULL;
		Py_RETURN_NONE;
	}
	reader.end = reader.next + length;
	reader.is_ascii = PyUnicode_IS_ASCII(text);
	while (is_whole && reader.next < reader.end)
		is_whole = read_row(&reader, columns, width);
	if (is_whole)
		return columns;
	Py_DECREF(columns);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}
