/*-------------------------------------------------------------------------
 *
 * backend.c
 *		The Python module _multicorn: what wrappers may ask of the backend,
 *		and the end of worker threads.
 *
 * Everything here runs below Python frames.  PostgreSQL errors are caught
 * and stashed; after that, Python sees the exception Interrupted until its
 * frames are gone.  Other threads than the backend's are turned away:
 * PostgreSQL is not thread-safe.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/wait_event.h"

/* Levels of Python's logging, from which PostgreSQL's follow. */
#define PYTHON_INFO		20
#define PYTHON_WARNING	30

static unsigned long backend_thread;

void
mc_set_interrupted(void)
{
	PyErr_SetNone(mc_python.interrupted ? mc_python.interrupted : PyExc_KeyboardInterrupt);
}

/*
 * Run body(arg) with PostgreSQL errors caught.  The holdoff counts are kept:
 * an error resets them, but a caller at the end of a transaction relies on
 * them.
 */
static bool
run_guarded(void (*body) (void *), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	uint32		interrupt_holdoff = InterruptHoldoffCount;
	uint32		cancel_holdoff = QueryCancelHoldoffCount;
	volatile bool is_ok = true;

	if (PyThread_get_thread_ident() != backend_thread)
	{
		PyErr_SetString(PyExc_RuntimeError, "only the backend's own thread may ask the backend");
		return false;
	}
	if (mc_has_stashed_error())
	{
		mc_set_interrupted();
		return false;
	}
	PG_TRY();
	{
		body(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		InterruptHoldoffCount = interrupt_holdoff;
		QueryCancelHoldoffCount = cancel_holdoff;
		mc_stash_error();
		is_ok = false;
	}
	PG_END_TRY();
	if (!is_ok)
		mc_set_interrupted();
	return is_ok;
}

/* A cancel or termination is due and may be obeyed now. */
bool
mc_is_to_end(void)
{
	return InterruptPending && (ProcDiePending || QueryCancelPending) &&
		InterruptHoldoffCount == 0 && QueryCancelHoldoffCount == 0 && CritSectionCount == 0;
}

/* log(level, message, detail, hint) */

typedef struct LogCall
{
	int			level;
	PyObject   *message;
	PyObject   *detail;
	PyObject   *hint;
} LogCall;

static char *
optional_text(PyObject *text)
{
	return text == Py_None ? NULL : mc_to_server(PyObject_Str(text));
}

static void
log_body(void *arg)
{
	LogCall    *call = arg;
	char	   *detail = optional_text(call->detail);
	char	   *hint = optional_text(call->hint);
	int			level = call->level >= PYTHON_WARNING ? WARNING :
		call->level >= PYTHON_INFO ? INFO : DEBUG1;

	ereport(level,
			(errmsg("%s", mc_to_server(PyObject_Str(call->message))),
			 detail ? errdetail("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0));
}

static PyObject *
backend_log(PyObject *module, PyObject *args)
{
	LogCall		call;

	if (!PyArg_ParseTuple(args, "iUOO", &call.level, &call.message, &call.detail, &call.hint) ||
		!run_guarded(log_body, &call))
		return NULL;
	Py_RETURN_NONE;
}

/* check_interrupts() */

static void
interrupts_body(void *arg)
{
	CHECK_FOR_INTERRUPTS();
}

static PyObject *
backend_check_interrupts(PyObject *module, PyObject *unused)
{
	if (mc_is_to_end())
	{
		mc_set_interrupted();
		return NULL;
	}
	if (!run_guarded(interrupts_body, NULL))
		return NULL;
	Py_RETURN_NONE;
}

/* is_superuser(), has_role(name) */

typedef struct RoleCall
{
	PyObject   *name;			/* NULL asks for superuser */
	bool		answer;
} RoleCall;

static void
role_body(void *arg)
{
	RoleCall   *call = arg;
	Oid			role;

	if (!IsTransactionState())
		ereport(ERROR,
				(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
				 errmsg("roles cannot be looked up outside a transaction")));
	if (call->name == NULL)
	{
		call->answer = superuser();
		return;
	}
	Py_INCREF(call->name);
	role = get_role_oid(mc_to_server(call->name), true);
	call->answer = OidIsValid(role) && has_privs_of_role(GetUserId(), role);
}

static PyObject *
backend_is_superuser(PyObject *module, PyObject *unused)
{
	RoleCall	call = {NULL, false};

	return run_guarded(role_body, &call) ? PyBool_FromLong(call.answer) : NULL;
}

static PyObject *
backend_has_role(PyObject *module, PyObject *name)
{
	RoleCall	call = {name, false};

	if (!PyUnicode_Check(name))
	{
		PyErr_SetString(PyExc_TypeError, "a role is named by a string");
		return NULL;
	}
	return run_guarded(role_body, &call) ? PyBool_FromLong(call.answer) : NULL;
}

/* database_oid(): a constant of the backend, so that nothing can go wrong */

static PyObject *
backend_database_oid(PyObject *module, PyObject *unused)
{
	return PyLong_FromUnsignedLong(MyDatabaseId);
}

/* wait(fd) */

typedef struct WaitCall
{
	int			fd;
	bool		is_readable;
} WaitCall;

/*
 * Wait for the descriptor or for the statement's end.  Runs without the GIL.
 * Interrupts that are neither cancel nor termination are served; the two are
 * left pending, to be raised when the Python frames are gone.
 */
static void
wait_body(void *arg)
{
	WaitCall   *call = arg;
	PyThreadState *thread = PyEval_SaveThread();

	PG_TRY();
	{
		while (!call->is_readable && !mc_is_to_end())
		{
			int			events;

			CHECK_FOR_INTERRUPTS();
			events = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH,
									   call->fd, -1L, PG_WAIT_EXTENSION);
			if (events & WL_LATCH_SET)
				ResetLatch(MyLatch);
			call->is_readable = (events & WL_SOCKET_READABLE) != 0;
		}
	}
	PG_FINALLY();
	{
		PyEval_RestoreThread(thread);
	}
	PG_END_TRY();
}

static PyObject *
backend_wait(PyObject *module, PyObject *args)
{
	WaitCall	call = {-1, false};

	if (!PyArg_ParseTuple(args, "i", &call.fd) || !run_guarded(wait_body, &call))
		return NULL;
	return PyBool_FromLong(call.is_readable);
}

/* Exit */

static int	exit_status;

/*
 * Leave without the exit functions of the C library.  Registered last, so it
 * runs before those of libraries (OpenSSL) that other threads may be inside.
 */
static void
leave_at_once(void)
{
	_exit(exit_status);
}

/*
 * Stop worker threads before the backend goes down.  If one is left, or the
 * wrapper has made threads of its own, the process must not run the exit
 * functions of libraries they may be using.
 *
 * The GIL, which wait() may have released, is kept from here on: what follows
 * (the end of the transaction, memory contexts) drops references.
 */
static void
stop_workers(int code, Datum arg)
{
	bool		is_alone = true;

	(void) PyGILState_Ensure();
	if (mc_python.stop_workers != NULL)
	{
		PyObject   *result = PyObject_CallNoArgs(mc_python.stop_workers);

		PyErr_Clear();
		Py_XDECREF(result);
	}
	for (PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
		 thread != NULL; thread = PyThreadState_Next(thread))
		is_alone = is_alone && thread == PyThreadState_Get();
	if (!is_alone)
	{
		exit_status = code;
		atexit(leave_at_once);
	}
}

void
mc_watch_exit(void)
{
	before_shmem_exit(stop_workers, (Datum) 0);
}

static PyMethodDef backend_methods[] = {
	{"log", backend_log, METH_VARARGS, "log(level, message, detail, hint): report a message."},
	{"check_interrupts", backend_check_interrupts, METH_NOARGS, "Raise Interrupted when the statement is to end."},
	{"is_superuser", backend_is_superuser, METH_NOARGS, "Say whether the current user is a superuser."},
	{"has_role", backend_has_role, METH_O, "has_role(name): say whether the current user has a role's privileges."},
	{"database_oid", backend_database_oid, METH_NOARGS, "Return the OID of the session's database."},
	{"split_rows", mc_split_rows, METH_VARARGS, "split_rows(text, width): lines of quoted values as columns, or None."},
	{"wait", backend_wait, METH_VARARGS, "wait(fd): wait until fd is readable (True) or the statement is to end (False)."},
	{NULL, NULL, 0, NULL}
};

static struct PyModuleDef backend_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_multicorn",
	.m_doc = "The backend's side of the package multicorn.",
	.m_size = -1,
	.m_methods = backend_methods,
};

PyObject *
mc_make_backend_module(void)
{
	backend_thread = PyThread_get_thread_ident();
	return PyModule_Create(&backend_module);
}
