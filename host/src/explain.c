/*-------------------------------------------------------------------------
 *
 * explain.c
 *		A wrapper's lines in EXPLAIN.
 *
 * A line stands under the label `Multicorn`, as on other hosts; a line of the
 * form `Label: text` stands under its own label, so that `SOQL: SELECT ...`
 * is an EXPLAIN property of that name, in every format.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <ctype.h>

#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

#define LABEL_LENGTH 30

/* The length of a line's label, or 0: a capital, then letters and spaces, then a colon. */
static int
label_length(const char *line)
{
	int			length = 1;

	if (!isupper((unsigned char) line[0]))
		return 0;
	while (isalpha((unsigned char) line[length]) || line[length] == ' ')
		length++;
	if (length > LABEL_LENGTH || strncmp(line + length, ": ", 2) != 0)
		return 0;
	return length;
}

static void
show_lines(PyObject *lines, ExplainState *es)
{
	List	   *plain = NIL;

	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(lines); i++)
	{
		char	   *line = mc_to_server(PyObject_Str(PySequence_Fast_GET_ITEM(lines, i)));
		int			length = label_length(line);

		if (length > 0)
			ExplainPropertyText(pnstrdup(line, length), line + length + 2, es);
		else if (es->format == EXPLAIN_FORMAT_TEXT)
			ExplainPropertyText("Multicorn", line, es);
		else
			plain = lappend(plain, line);
	}
	if (plain != NIL)
		ExplainPropertyList("Multicorn", plain, es);
}

void
mc_explain_scan(ForeignScanState *node, ExplainState *es)
{
	McScan	   *scan = node->fdw_state;
	MemoryContext scope = mc_scope_begin();
	bool		is_empty;
	PyObject   *quals = mc_scan_quals(node, true, &is_empty);
	PyObject   *columns = mc_columns_to_python(scan->columns, scan->shape->desc);
	PyObject   *kwargs = mc_scan_kwargs(scan);
	PyObject   *lines;

	if (PyDict_SetItemString(kwargs, "verbose", es->verbose ? Py_True : Py_False) < 0)
		mc_raise(NULL);
	lines = mc_own(mc_call(scan->wrapper->name, scan->wrapper->instance, "explain",
						   PyTuple_Pack(2, quals, columns), Py_NewRef(kwargs)));
	if (lines != Py_None)
		show_lines(mc_own(PySequence_Fast(lines, "explain() did not return lines")), es);
	mc_scope_end(scope);
}
