/*-------------------------------------------------------------------------
 *
 * interrupts.c
 *		Ends Python code that is busy while the statement is to end.
 *
 * Most Python code comes back by itself: with its next row, when it waits for
 * a worker, or by asking check_interrupts().  So a cancel or termination that
 * finds Python running leaves it GRACE_MS for that, and only then raises
 * Interrupted wherever the code is, as Ctrl-C does in other Python programs;
 * again after every further GRACE_MS, should the code swallow it.
 *
 * PostgreSQL's signal functions are chained, not replaced.  From there on it
 * is Python's own way: a signal function may ask for the Python function of a
 * signal to be run by the interpreter as soon as that is safe.  The signal
 * number is one that nobody sends.  It takes Python 3.10; before, such code
 * runs to its end.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <signal.h>

#include "miscadmin.h"
#include "utils/timeout.h"

#if PY_VERSION_HEX >= 0x030A0000

#define BREAK_SIGNAL	(SIGRTMAX - 1)

/* More than a cancelled worker thread is given, see worker.py. */
#define GRACE_MS		3000

static struct sigaction cancel_before;
static struct sigaction die_before;
static TimeoutId grace_timeout;
static volatile sig_atomic_t is_grace_over = false;

static void
on_cancel_or_die(int number)
{
	int			save_errno = errno;

	(number == SIGINT ? &cancel_before : &die_before)->sa_handler(number);
	if (mc_python_depth > 0)
		PyErr_SetInterruptEx(BREAK_SIGNAL);
	errno = save_errno;
}

static void
on_grace_over(void)
{
	if (mc_python_depth == 0)
		return;
	is_grace_over = true;
	PyErr_SetInterruptEx(BREAK_SIGNAL);
}

/* Run by the interpreter, between two instructions of the backend's thread. */
static PyObject *
break_off(PyObject *module, PyObject *args)
{
	bool		was_over = is_grace_over;

	is_grace_over = false;
	if (!mc_is_to_end())
		Py_RETURN_NONE;
	enable_timeout_after(grace_timeout, GRACE_MS);
	if (!was_over)
		Py_RETURN_NONE;
	mc_set_interrupted();
	return NULL;
}

static PyMethodDef break_off_method = {
	"break_off", break_off, METH_VARARGS, "Raise Interrupted when the statement is to end and Python has had its time."
};

static void
chain(int number, struct sigaction *before)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) < 0)
		elog(ERROR, "could not read the action of signal %d: %m", number);
	if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN || action.sa_handler == on_cancel_or_die)
		return;
	*before = action;
	action.sa_handler = on_cancel_or_die;
	if (sigaction(number, &action, NULL) < 0)
		elog(ERROR, "could not set the action of signal %d: %m", number);
}

/* Once in a backend's life, as the last step of Python's start. */
void
mc_watch_busy_python(void)
{
	PyObject   *module = mc_own(PyImport_ImportModule("signal"));
	PyObject   *function = mc_own(PyCFunction_New(&break_off_method, NULL));

	mc_own(PyObject_CallMethod(module, "signal", "iO", BREAK_SIGNAL, function));
	grace_timeout = RegisterTimeout(USER_TIMEOUT, on_grace_over);
	chain(SIGINT, &cancel_before);
	chain(SIGTERM, &die_before);
}

#else

void
mc_watch_busy_python(void)
{
}

#endif
