/*-------------------------------------------------------------------------
 *
 * errors.c
 *		Calls into Python, and what their exceptions become.
 *
 * An exception with an attribute `sqlstate` becomes that error, with its
 * detail, hint and context.  Interrupted and KeyboardInterrupt give way to
 * the PostgreSQL error that caused them.  Any other exception is a fault of
 * the wrapper: HV000 with its type and text, the traceback only in the
 * server's log and only from DEBUG1 on.  Options never appear.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* What an exception says, in the server's encoding and PostgreSQL's memory. */
typedef struct McFailure
{
	int			sqlstate;
	char	   *message;
	char	   *detail;
	char	   *hint;
	char	   *context;
	char	   *traceback;
	bool		is_interrupt;
} McFailure;

volatile int mc_python_depth = 0;

/* A PostgreSQL error that was caught below Python frames and must go on above them. */
static ErrorData *stashed_error = NULL;

/*
 * The backend is leaving from within Python code (its client is gone, or the
 * postmaster).  The frames will never go on: the wrapper, which may hold locks
 * there, is not called again, and what the frames use is not freed.
 */
bool
mc_is_leaving_python(void)
{
	return proc_exit_inprogress && mc_python_depth > 0;
}

void
mc_stash_error(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	stashed_error = CopyErrorData();
	FlushErrorState();
	MemoryContextSwitchTo(old);
}

bool
mc_has_stashed_error(void)
{
	return stashed_error != NULL;
}

/* Forget an error that nobody is left to be told of. */
void
mc_drop_stashed_error(void)
{
	if (stashed_error != NULL)
		FreeErrorData(stashed_error);
	stashed_error = NULL;
}

static void
rethrow_stashed_error(void)
{
	ErrorData  *error = stashed_error;

	stashed_error = NULL;
	PG_TRY();
	{
		ReThrowError(error);
	}
	PG_FINALLY();
	{
		FreeErrorData(error);
	}
	PG_END_TRY();
}

/* Text of a Python string in the server's encoding, whatever it holds. */
static char *
plain_text(PyObject *text, const char *codec)
{
	PyObject   *bytes = PyUnicode_AsEncodedString(text, codec, "backslashreplace");
	char	   *copy = NULL;

	if (bytes != NULL)
	{
		copy = palloc_extended(PyBytes_GET_SIZE(bytes) + 1, MCXT_ALLOC_NO_OOM);
		if (copy != NULL)
			strlcpy(copy, PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes) + 1);
		Py_DECREF(bytes);
	}
	PyErr_Clear();
	return copy;
}

/* str(object) for a message; NULL for None and for what cannot be had. */
static char *
message_text(PyObject *object)
{
	PyObject   *text;
	char	   *result;

	if (object == NULL || object == Py_None)
	{
		PyErr_Clear();
		return NULL;
	}
	mc_python_depth++;
	text = PyObject_Str(object);
	mc_python_depth--;
	if (text == NULL)
	{
		PyErr_Clear();
		return NULL;
	}
	result = plain_text(text, GetDatabaseEncoding() == PG_UTF8 ? "utf-8" : "ascii");
	Py_DECREF(text);
	return result;
}

/* A new reference, or NULL with an exception set.  Attributes may be properties: Python code. */
static PyObject *
get_attribute(PyObject *object, const char *name)
{
	PyObject   *attribute;

	mc_python_depth++;
	attribute = PyObject_GetAttrString(object, name);
	mc_python_depth--;
	return attribute;
}

static char *
attribute_text(PyObject *object, const char *name)
{
	PyObject   *attribute = get_attribute(object, name);
	char	   *text = message_text(attribute);

	Py_XDECREF(attribute);
	return text;
}

/* The SQLSTATE an exception carries, or 0. */
static int
sqlstate_of(PyObject *exception)
{
	char	   *text = attribute_text(exception, "sqlstate");

	if (text == NULL || strlen(text) != 5 ||
		strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5)
		return 0;
	/* Classes 00 to 02 are no errors. */
	if (text[0] == '0' && text[1] <= '2')
		return 0;
	return MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]);
}

static char *
traceback_text(PyObject *exception)
{
	PyObject   *lines = NULL,
			   *empty = NULL,
			   *joined = NULL;
	char	   *text;

	mc_python_depth++;
	if (mc_python.format_exception != NULL)
		lines = PyObject_CallFunctionObjArgs(mc_python.format_exception, exception, NULL);
	mc_python_depth--;
	if (lines != NULL && (empty = PyUnicode_FromString("")) != NULL)
		joined = PyUnicode_Join(empty, lines);
	text = message_text(joined);
	Py_XDECREF(joined);
	Py_XDECREF(empty);
	Py_XDECREF(lines);
	return text;
}

static int
default_sqlstate(PyObject *exception)
{
	if (PyErr_GivenExceptionMatches(exception, PyExc_MemoryError))
		return ERRCODE_OUT_OF_MEMORY;
	if (PyErr_GivenExceptionMatches(exception, PyExc_NotImplementedError))
		return ERRCODE_FEATURE_NOT_SUPPORTED;
	if (PyErr_GivenExceptionMatches(exception, PyExc_UnicodeError))
		return ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
	return ERRCODE_FDW_ERROR;
}

/* Name an exception that was not made for PostgreSQL. */
static char *
stray_message(const char *wrapper, PyObject *exception, const char *text)
{
	const char *type = Py_TYPE(exception)->tp_name;
	const char *dot = strrchr(type, '.');

	if (dot != NULL)
		type = dot + 1;
	if (wrapper == NULL)
		return psprintf("Python failed: %s: %s", type, text);
	if (PyErr_GivenExceptionMatches(exception, PyExc_NotImplementedError))
		return psprintf("wrapper \"%s\" does not support this: %s", wrapper, text);
	return psprintf("wrapper \"%s\" failed: %s: %s", wrapper, type, text);
}

/* The message is one line; what follows the first becomes the DETAIL. */
static void
split_message(McFailure *failure)
{
	char	   *end = strchr(failure->message, '\n');

	if (end == NULL)
		return;
	*end = '\0';
	if (failure->detail == NULL && end[1] != '\0')
		failure->detail = end + 1;
}

/* Take the pending Python exception and read it. */
static McFailure
fetch_failure(const char *wrapper)
{
	McFailure	failure = {0};
	PyObject   *type,
			   *exception,
			   *traceback;
	char	   *text;

	PyErr_Fetch(&type, &exception, &traceback);
	if (type == NULL)
	{
		failure.sqlstate = ERRCODE_FDW_ERROR;
		failure.message = pstrdup("Python failed without an exception");
		return failure;
	}
	PyErr_NormalizeException(&type, &exception, &traceback);
	if (traceback != NULL)
		PyException_SetTraceback(exception, traceback);

	failure.is_interrupt = PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt) ||
		(mc_python.interrupted != NULL &&
		 PyErr_GivenExceptionMatches(exception, mc_python.interrupted));
	failure.sqlstate = sqlstate_of(exception);
	text = message_text(exception);
	if (text == NULL)
		text = pstrdup("");
	if (failure.sqlstate != 0)
	{
		failure.message = text;
		failure.detail = attribute_text(exception, "detail");
		failure.hint = attribute_text(exception, "hint");
		failure.context = attribute_text(exception, "context");
	}
	else
	{
		failure.sqlstate = default_sqlstate(exception);
		failure.message = stray_message(wrapper, exception, text);
		if (log_min_messages <= DEBUG1)
			failure.traceback = traceback_text(exception);
	}
	split_message(&failure);

	Py_XDECREF(traceback);
	Py_XDECREF(exception);
	Py_XDECREF(type);
	return failure;
}

static void
report_failure(int level, McFailure *failure)
{
	if (failure->traceback != NULL)
		ereport(LOG_SERVER_ONLY,
				(errmsg_internal("traceback of a Python exception"),
				 errdetail_internal("%s", failure->traceback),
				 errhidestmt(true)));
	ereport(level,
			(errcode(failure->sqlstate),
			 errmsg("%s", failure->message),
			 failure->detail ? errdetail("%s", failure->detail) : 0,
			 failure->hint ? errhint("%s", failure->hint) : 0,
			 failure->context ? errcontext("%s", failure->context) : 0));
}

/*
 * Turn the pending Python exception into a PostgreSQL error.  wrapper names
 * the class for the message; NULL where no wrapper is involved.
 */
void
mc_raise(const char *wrapper)
{
	McFailure	failure = fetch_failure(wrapper);

	if (stashed_error != NULL)
		rethrow_stashed_error();
	if (failure.is_interrupt)
	{
		CHECK_FOR_INTERRUPTS();
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("canceling statement because the wrapper was interrupted")));
	}
	report_failure(ERROR, &failure);
	pg_unreachable();
}

/*
 * After a call that returned: an error or interrupt that Python code has
 * swallowed still holds.  result (may be NULL) is not lost on the way.
 */
void
mc_finish_call(PyObject *result)
{
	if (likely(stashed_error == NULL && !InterruptPending))
		return;
	if (result != NULL)
		mc_own(result);
	if (stashed_error != NULL)
		rethrow_stashed_error();
	CHECK_FOR_INTERRUPTS();
	Py_XINCREF(result);
}

/* Call a Python callable; takes over args and kwargs. */
static PyObject *
call_and_release(PyObject *callable, PyObject *args, PyObject *kwargs)
{
	PyObject   *result = NULL;

	mc_python_depth++;
	if (callable != NULL && args != NULL)
		result = PyObject_Call(callable, args, kwargs);
	Py_XDECREF(args);
	Py_XDECREF(kwargs);
	mc_python_depth--;
	return result;
}

/* An attribute, a new reference; NULL where it may be missing and is. */
PyObject *
mc_attribute(const char *wrapper, PyObject *object, const char *name, bool may_miss)
{
	PyObject   *attribute = get_attribute(object, name);

	if (attribute == NULL && !(may_miss && PyErr_ExceptionMatches(PyExc_AttributeError)))
		mc_raise(wrapper);
	PyErr_Clear();
	mc_finish_call(attribute);
	return attribute;
}

/*
 * Call a method; takes over args and kwargs (which may be NULL because
 * building them failed), gives a new reference.
 */
PyObject *
mc_call(const char *wrapper, PyObject *self, const char *method, PyObject *args, PyObject *kwargs)
{
	PyObject   *callable = args ? get_attribute(self, method) : NULL;
	PyObject   *result = call_and_release(callable, args, kwargs);

	Py_XDECREF(callable);
	if (result == NULL)
		mc_raise(wrapper);
	mc_finish_call(result);
	return result;
}

/* The same for a callable: a class, or (wrapper NULL) a function of the package multicorn. */
PyObject *
mc_call_object(const char *wrapper, PyObject *callable, PyObject *args)
{
	PyObject   *result = call_and_release(callable, args, NULL);

	if (result == NULL)
		mc_raise(wrapper);
	mc_finish_call(result);
	return result;
}

/* The next item, a new reference; NULL at the end. */
PyObject *
mc_next(const char *wrapper, PyObject *iterator)
{
	PyObject   *item;

	mc_python_depth++;
	item = PyIter_Next(iterator);
	mc_python_depth--;
	if (item == NULL && PyErr_Occurred())
		mc_raise(wrapper);
	mc_finish_call(item);
	return item;
}

/*
 * Call a method where no error may be raised (end of a transaction): its
 * exception becomes a WARNING.
 */
bool
mc_call_quietly(const char *wrapper, PyObject *self, const char *method, PyObject *args)
{
	PyObject   *callable = args ? get_attribute(self, method) : NULL;
	PyObject   *result = call_and_release(callable, args, NULL);

	Py_XDECREF(callable);
	if (result == NULL)
	{
		McFailure	failure = fetch_failure(wrapper);

		mc_drop_stashed_error();
		report_failure(WARNING, &failure);
		return false;
	}
	mc_drop_stashed_error();
	mc_release(result);
	return true;
}
