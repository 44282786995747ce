/*-------------------------------------------------------------------------
 *
 * interpreter.c
 *		Starts Python, or joins the one PL/Python has started.
 *
 * Our own interpreter is isolated from the environment and the user's
 * directories, works in UTF-8 whatever LANG says, leaves the locale and the
 * signals of the backend alone, and sees only the standard library, our
 * site-packages and multicorn.python_path.  In an interpreter of PL/Python
 * these are put before the system's packages.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <dlfcn.h>

#include "utils/guc.h"

McPython	mc_python;

static char *python_path = NULL;

void
mc_define_settings(void)
{
	DefineCustomStringVariable("multicorn.python_path",
							   "Directories, separated by colons, in which wrappers are looked for before any other.",
							   "Read when a session first uses a wrapper.",
							   &python_path,
							   "",
							   PGC_SUSET,
							   GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved("multicorn");
#else
	EmitWarningsOnPlaceholders("multicorn");
#endif
}

static void
fail_start(const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("could not start Python: %s", reason)));
}

static void
check_status(PyStatus status)
{
	if (PyStatus_Exception(status))
		fail_start(status.err_msg ? status.err_msg : "unknown reason");
}

/*
 * PL/Python makes its module `plpy` known before it starts Python.  Where we
 * came first that is too late, so we offer the name, and its function once
 * PL/Python is loaded.
 */
static PyObject *
init_plpy(void)
{
	PyObject   *(*init) (void) = (PyObject *(*) (void)) dlsym(RTLD_DEFAULT, "PyInit_plpy");

	if (init == NULL)
	{
		PyErr_SetString(PyExc_ImportError, "PL/Python is not loaded");
		return NULL;
	}
	return init();
}

static void
initialize_interpreter(void)
{
	PyPreConfig preconfig;
	PyConfig	config;
	PyStatus	status;

	PyPreConfig_InitIsolatedConfig(&preconfig);
	preconfig.utf8_mode = 1;
	preconfig.configure_locale = 0;
	check_status(Py_PreInitialize(&preconfig));
	if (PyImport_AppendInittab("plpy", init_plpy) < 0)
		fail_start("out of memory");

	PyConfig_InitIsolatedConfig(&config);
	config.install_signal_handlers = 0;
	config.site_import = 0;		/* no dist-packages of the system */
	config.pathconfig_warnings = 0;
	status = PyConfig_SetBytesString(&config, &config.program_name, SFFDW_PYTHON);
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	PyConfig_Clear(&config);
	check_status(status);
}

/*
 * Put our directories in front of the system's packages and behind the
 * standard library, .pth files included.
 */
static const char *const path_code =
"import site, sys\n"
"before = list(sys.path)\n"
"for directory in directories:\n"
"    site.addsitedir(directory)\n"
"added = [entry for entry in sys.path if entry not in before]\n"
"place = next((i for i, entry in enumerate(before) if entry.endswith('-packages')), len(before))\n"
"sys.path[:] = before[:place] + added + before[place:]\n";

static void
extend_path(void)
{
	char	   *all = psprintf("%s%s%s", python_path ? python_path : "",
							   python_path && *python_path ? ":" : "", SFFDW_SITE_PACKAGES);
	PyObject   *globals = mc_own(PyDict_New());
	PyObject   *text = mc_own(mc_from_server(all));
	PyObject   *colon = mc_own(PyUnicode_FromString(":"));
	PyObject   *directories = mc_own(PyUnicode_Split(text, colon, -1));

	if (PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0 ||
		PyDict_SetItemString(globals, "directories", directories) < 0)
		mc_raise(NULL);
	mc_own(PyRun_String(path_code, Py_file_input, globals, globals));
}

static PyObject *
import_name(const char *module_name, const char *name)
{
	PyObject   *module = mc_own(PyImport_ImportModule(module_name));
	PyObject   *found = PyObject_GetAttrString(module, name);

	if (found == NULL)
		mc_raise(NULL);
	return found;
}

static void
offer_backend(void)
{
	PyObject   *module = mc_own(mc_make_backend_module());

	if (PyDict_SetItemString(PyImport_GetModuleDict(), "_multicorn", module) < 0)
		mc_raise(NULL);
}

static void
check_package(void)
{
	PyObject   *package = PyImport_ImportModule("multicorn.utils");

	if (package == NULL && PyErr_ExceptionMatches(PyExc_ImportError))
	{
		PyErr_Clear();
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("could not find the Python package \"multicorn\""),
				 errdetail("It is looked for in \"%s\".", SFFDW_SITE_PACKAGES),
				 errhint("Install it with \"make install\".")));
	}
	mc_own(package);
}

static void
import_names(void)
{
	mc_python.format_exception = import_name("traceback", "format_exception");
	mc_python.decimal = import_name("decimal", "Decimal");
	mc_python.column_definition = import_name("multicorn.definitions", "ColumnDefinition");
	mc_python.qual = import_name("multicorn.definitions", "Qual");
	mc_python.sort_key = import_name("multicorn.definitions", "SortKey");
	mc_python.load_class = import_name("multicorn.loading", "load_class");
	mc_python.validate = import_name("multicorn.loading", "validate");
	mc_python.json_text = import_name("multicorn.literals", "json_text");
	mc_python.column_text = import_name("multicorn.literals", "column_text");
	mc_python.stop_workers = import_name("multicorn.worker", "stop_workers");
	mc_python.interrupted = import_name("multicorn.worker", "Interrupted");
}

/* Make Python usable; cheap when it already is. */
void
mc_start_python(void)
{
	static enum
	{
		ABSENT, RUNNING, HAS_PATH, READY
	}			state = ABSENT;
	MemoryContext scope;

	if (likely(state == READY))
		return;
	scope = mc_scope_begin();
	if (state == ABSENT)
	{
		if (!Py_IsInitialized())
			initialize_interpreter();
		mc_watch_exit();
		state = RUNNING;
	}
	if (state == RUNNING)
	{
		extend_path();
		state = HAS_PATH;
	}
	offer_backend();
	check_package();
	mc_import_datetime();
	import_names();
	mc_watch_busy_python();
	mc_scope_end(scope);
	state = READY;
}
