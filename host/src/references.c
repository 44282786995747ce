/*-------------------------------------------------------------------------
 *
 * references.c
 *		Ownership of Python objects, and text between the two worlds.
 *
 * An object given to mc_own() belongs to the current memory context: when
 * the context is reset or deleted, also by an error, the reference goes.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

typedef struct OwnedObject
{
	MemoryContextCallback callback;
	PyObject   *object;
} OwnedObject;

/*
 * Drop a reference, which may be NULL.  That may run Python code: generators
 * end, also in the clean-up after an error, so an error down there has nobody
 * to be told of.
 */
void
mc_release(PyObject *object)
{
	if (object == NULL || mc_is_leaving_python())
		return;
	mc_python_depth++;
	Py_DECREF(object);
	mc_python_depth--;
	if (mc_python_depth == 0)
		mc_drop_stashed_error();
}

static void
release_object(void *arg)
{
	mc_release(((OwnedObject *) arg)->object);
}

/*
 * Give a new reference to the current memory context, and return it borrowed.
 * NULL means a Python exception is set: it becomes a PostgreSQL error.
 */
PyObject *
mc_own(PyObject *object)
{
	OwnedObject *owned;

	if (object == NULL)
		mc_raise(NULL);
	owned = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(OwnedObject), MCXT_ALLOC_NO_OOM);
	if (owned == NULL)
	{
		Py_DECREF(object);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	}
	owned->object = object;
	owned->callback.func = release_object;
	owned->callback.arg = owned;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &owned->callback);
	return object;
}

/* Open a context of its own for one call into Python and switch to it. */
MemoryContext
mc_scope_begin(void)
{
	MemoryContext scope = AllocSetContextCreate(CurrentMemoryContext, "multicorn call",
												ALLOCSET_SMALL_SIZES);

	MemoryContextSwitchTo(scope);
	return scope;
}

void
mc_scope_end(MemoryContext scope)
{
	MemoryContextSwitchTo(MemoryContextGetParent(scope));
	MemoryContextDelete(scope);
}

/*
 * Copy a Python string as UTF-8 into the current memory context.  NULL, with
 * a Python exception set, when it has no UTF-8 form (lone surrogates).
 */
char *
mc_utf8_copy(PyObject *text, Py_ssize_t *length)
{
	const char *utf8 = PyUnicode_AsUTF8AndSize(text, length);
	char	   *copy;

	if (utf8 == NULL)
		return NULL;
	copy = palloc_extended(*length + 1, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
	if (copy == NULL)
	{
		PyErr_NoMemory();
		return NULL;
	}
	memcpy(copy, utf8, *length + 1);
	return copy;
}

/*
 * Take over a new reference to a string and give its text in the server's
 * encoding.  NULL text means a Python exception is set.
 */
char *
mc_to_server(PyObject *text)
{
	Py_ssize_t	length = 0;
	char	   *utf8 = NULL;

	if (text != NULL)
	{
		utf8 = mc_utf8_copy(text, &length);
		Py_DECREF(text);
	}
	if (utf8 == NULL)
		mc_raise(NULL);
	if (length >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a Python string of %zd bytes is too long", length)));
	return pg_any_to_server(utf8, length, PG_UTF8);
}

/* Make a Python string, a new reference, of text in the server's encoding. */
PyObject *
mc_from_server_len(const char *text, int length)
{
	char	   *utf8 = pg_server_to_any(text, length, PG_UTF8);
	PyObject   *result = PyUnicode_FromStringAndSize(utf8, utf8 == text ? length : strlen(utf8));

	if (utf8 != text)
		pfree(utf8);
	if (result == NULL)
		mc_raise(NULL);
	return result;
}

PyObject *
mc_from_server(const char *text)
{
	return mc_from_server_len(text, strlen(text));
}
