/*-------------------------------------------------------------------------
 *
 * routine.c
 *		Entry points: module start and the table of callbacks.
 *
 * Python itself starts at the first callback that needs it, so loading the
 * library (a dump, a pg_upgrade check) costs nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(multicorn_handler);

void
_PG_init(void)
{
	mc_define_settings();
	mc_watch_catalogs();
	mc_watch_transactions();
}

PGDLLEXPORT Datum
multicorn_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = mc_get_rel_size;
	routine->GetForeignPaths = mc_get_paths;
	routine->GetForeignPlan = mc_get_plan;

	routine->BeginForeignScan = mc_begin_scan;
	routine->IterateForeignScan = mc_iterate_scan;
	routine->ReScanForeignScan = mc_rescan;
	routine->EndForeignScan = mc_end_scan;
	routine->ExplainForeignScan = mc_explain_scan;

	routine->AddForeignUpdateTargets = mc_add_update_targets;
	routine->BeginForeignModify = mc_begin_modify;
	routine->BeginForeignInsert = mc_begin_insert;
	routine->ExecForeignInsert = mc_insert;
	routine->ExecForeignBatchInsert = mc_insert_batch;
	routine->GetForeignModifyBatchSize = mc_batch_size;
	routine->ExecForeignUpdate = mc_update;
	routine->ExecForeignDelete = mc_delete;
	routine->EndForeignModify = mc_end_modify;
	routine->EndForeignInsert = mc_end_modify;

	routine->ImportForeignSchema = mc_import_schema;

	PG_RETURN_POINTER(routine);
}
