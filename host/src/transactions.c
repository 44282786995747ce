/*-------------------------------------------------------------------------
 *
 * transactions.c
 *		Tells wrappers about transactions and savepoints.
 *
 * An instance takes part from its first scan or DML statement in a
 * transaction to its end.  An exception in begin, pre_commit, sub_begin or
 * sub_commit fails the transaction; in commit, rollback and sub_rollback it
 * comes too late for that and becomes a WARNING.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/xact.h"
#include "utils/memutils.h"

/* An instance in the current transaction. */
typedef struct Participant
{
	PyObject   *instance;		/* owned */
	char	   *name;
	int			level;			/* nesting levels it has been told of */
	struct Participant *next;
} Participant;

static Participant *participants = NULL;

static Participant *
find_participant(PyObject *instance)
{
	for (Participant *participant = participants; participant != NULL; participant = participant->next)
		if (participant->instance == instance)
			return participant;
	return NULL;
}

static Participant *
add_participant(McWrapper *wrapper)
{
	Participant *participant = MemoryContextAllocZero(TopMemoryContext, sizeof(Participant));

	participant->name = MemoryContextStrdup(TopMemoryContext, wrapper->name);
	participant->instance = Py_NewRef(wrapper->instance);
	participant->next = participants;
	participants = participant;
	return participant;
}

static void
call(Participant *participant, const char *method, PyObject *args)
{
	Py_DECREF(mc_call(participant->name, participant->instance, method, args, NULL));
}

/* Make the wrapper part of the current transaction and its open savepoints. */
void
mc_join_transaction(McWrapper *wrapper)
{
	Participant *participant = find_participant(wrapper->instance);

	if (participant == NULL)
		participant = add_participant(wrapper);
	if (participant->level == 0)
	{
		call(participant, "begin", PyTuple_Pack(1, IsolationIsSerializable() ? Py_True : Py_False));
		participant->level = 1;
	}
	while (participant->level < GetCurrentTransactionNestLevel())
	{
		call(participant, "sub_begin", Py_BuildValue("(i)", participant->level + 1));
		participant->level++;
	}
}

static void
call_all_quietly(const char *method)
{
	for (Participant *participant = participants; participant != NULL; participant = participant->next)
		if (participant->level > 0)
			mc_call_quietly(participant->name, participant->instance, method, PyTuple_New(0));
}

static void
call_all(const char *method)
{
	for (Participant *participant = participants; participant != NULL; participant = participant->next)
		if (participant->level > 0)
			call(participant, method, PyTuple_New(0));
}

static void
forget_participants(void)
{
	while (participants != NULL)
	{
		Participant *participant = participants;

		participants = participant->next;
		mc_release(participant->instance);
		pfree(participant->name);
		pfree(participant);
	}
}

static void
end_transaction(const char *method)
{
	call_all_quietly(method);
	forget_participants();
	mc_drop_stashed_error();
}

/* Parallel workers, too: a function that runs in one may read foreign tables. */
static void
on_transaction_event(XactEvent event, void *arg)
{
	if (mc_is_leaving_python())
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			call_all("pre_commit");
			return;
		case XACT_EVENT_PRE_PREPARE:
			if (participants == NULL)
				return;
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has used foreign tables of multicorn")));
			return;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			end_transaction("commit");
			return;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			end_transaction("rollback");
			return;
		default:
			return;
	}
}

static void
on_savepoint_event(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (mc_is_leaving_python() || (event != SUBXACT_EVENT_PRE_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB))
		return;
	for (Participant *participant = participants; participant != NULL; participant = participant->next)
	{
		if (participant->level < level)
			continue;
		if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
			call(participant, "sub_commit", Py_BuildValue("(i)", level));
		else
			mc_call_quietly(participant->name, participant->instance, "sub_rollback",
							Py_BuildValue("(i)", level));
		participant->level = level - 1;
	}
}

void
mc_watch_transactions(void)
{
	RegisterXactCallback(on_transaction_event, NULL);
	RegisterSubXactCallback(on_savepoint_event, NULL);
}
