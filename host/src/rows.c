/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Python rows and tuple slots.
 *
 * A row is a sequence of all columns in the table's order, or a mapping by
 * column name.  The caller owns the row while it is converted.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/htup_details.h"
#include "utils/builtins.h"

McRowShape *
mc_row_shape(Relation rel)
{
	McRowShape *shape = palloc0(sizeof(McRowShape));
	TupleDesc	desc = RelationGetDescr(rel);

	shape->desc = desc;
	shape->table = pstrdup(RelationGetRelationName(rel));
	shape->types = palloc0(desc->natts * sizeof(McType *));
	shape->names = mc_own(PyTuple_New(desc->natts));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		PyObject   *name = attribute->attisdropped ? Py_NewRef(Py_None) :
			mc_from_server(NameStr(attribute->attname));

		PyTuple_SET_ITEM(shape->names, i, name);
		if (attribute->attisdropped)
			continue;
		shape->types[i] = mc_type_open(attribute->atttypid, attribute->atttypmod);
		shape->live_count++;
	}
	return shape;
}

static void
name_column(void *arg)
{
	McRowShape *shape = arg;

	if (shape->current >= 0)
		errcontext("column \"%s\" of foreign table \"%s\"",
				   NameStr(TupleDescAttr(shape->desc, shape->current)->attname), shape->table);
}

static void
set_value(McRowShape *shape, int index, PyObject *value, TupleTableSlot *slot)
{
	shape->current = index;
	slot->tts_values[index] = mc_python_to_datum(value, shape->types[index], &slot->tts_isnull[index]);
	shape->current = -1;
}

static bool
is_wanted(McRowShape *shape, int index, Bitmapset *wanted)
{
	return shape->types[index] != NULL && bms_is_member(index + 1, wanted);
}

static void
sequence_to_slot(McRowShape *shape, PyObject *sequence, Bitmapset *wanted, TupleTableSlot *slot)
{
	int			position = 0;

	if (PySequence_Fast_GET_SIZE(sequence) != shape->live_count)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("a row has %d values, but foreign table \"%s\" has %d columns",
						(int) PySequence_Fast_GET_SIZE(sequence), shape->table, shape->live_count)));
	for (int i = 0; i < shape->desc->natts; i++)
	{
		if (is_wanted(shape, i, wanted))
			set_value(shape, i, PySequence_Fast_GET_ITEM(sequence, position), slot);
		if (shape->types[i] != NULL)
			position++;
	}
}

static void
dict_to_slot(McRowShape *shape, PyObject *dict, Bitmapset *wanted, TupleTableSlot *slot)
{
	for (int i = 0; i < shape->desc->natts; i++)
	{
		PyObject   *value;

		if (!is_wanted(shape, i, wanted))
			continue;
		value = PyDict_GetItemWithError(dict, PyTuple_GET_ITEM(shape->names, i));
		if (value != NULL)
			set_value(shape, i, value, slot);
		else if (PyErr_Occurred())
			mc_raise(NULL);
	}
}

static void
refuse_row(McRowShape *shape, PyObject *row)
{
	PyErr_Clear();
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("a row of foreign table \"%s\" is of the Python type %s", shape->table,
					Py_TYPE(row)->tp_name),
			 errhint("Rows are sequences in column order or mappings by column name.")));
}

/* A mapping that is no dict, as one. */
static PyObject *
dict_of(McRowShape *shape, PyObject *row)
{
	PyObject   *dict = mc_own(PyDict_New());

	if (PyDict_Merge(dict, row, 1) < 0)
		refuse_row(shape, row);
	return dict;
}

/*
 * Fill the wanted columns of a slot that is not yet valid; others are left
 * as they are.
 */
static void
fill_slot(McRowShape *shape, PyObject *row, Bitmapset *wanted, TupleTableSlot *slot)
{
	ErrorContextCallback callback = {.callback = name_column, .arg = shape,
	.previous = error_context_stack};

	shape->current = -1;
	error_context_stack = &callback;
	if (PyList_Check(row) || PyTuple_Check(row))
		sequence_to_slot(shape, row, wanted, slot);
	else if (PyDict_Check(row))
		dict_to_slot(shape, row, wanted, slot);
	else if (PyUnicode_Check(row) || PyBytes_Check(row))
		refuse_row(shape, row);
	else if (PyObject_HasAttrString(row, "keys"))
		dict_to_slot(shape, dict_of(shape, row), wanted, slot);
	else if (PySequence_Check(row))
		sequence_to_slot(shape, mc_own(PySequence_Tuple(row)), wanted, slot);
	else
		refuse_row(shape, row);
	error_context_stack = callback.previous;
}

/* Make a slot's tuple of a row; columns that are not wanted are NULL. */
void
mc_row_to_slot(McRowShape *shape, PyObject *row, Bitmapset *wanted, TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, shape->desc->natts * sizeof(bool));
	memset(slot->tts_values, 0, shape->desc->natts * sizeof(Datum));
	fill_slot(shape, row, wanted, slot);
	ExecStoreVirtualTuple(slot);
}

static Bitmapset *
all_columns(McRowShape *shape)
{
	return bms_add_range(NULL, 1, shape->desc->natts);
}

/*
 * Put what a wrapper gave back as stored over the row in a slot; None means
 * that it is stored as it was sent.
 */
void
mc_overlay_slot(McRowShape *shape, PyObject *row, TupleTableSlot *slot)
{
	HeapTuple	before;

	if (row == Py_None)
		return;
	/* Keep the row as it was sent: what the wrapper does not give back still holds. */
	before = ExecCopySlotHeapTuple(slot);
	ExecClearTuple(slot);
	heap_deform_tuple(before, shape->desc, slot->tts_values, slot->tts_isnull);
	fill_slot(shape, row, all_columns(shape), slot);
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
}

/* The wanted columns of a slot as a dict; borrowed from the memory context. */
PyObject *
mc_slot_to_dict(McRowShape *shape, TupleTableSlot *slot, Bitmapset *wanted)
{
	PyObject   *dict = mc_own(PyDict_New());

	slot_getallattrs(slot);
	for (int i = 0; i < shape->desc->natts; i++)
	{
		PyObject   *value = Py_None;

		if (!is_wanted(shape, i, wanted))
			continue;
		if (!slot->tts_isnull[i])
			value = mc_own(mc_datum_to_python(slot->tts_values[i], shape->types[i]));
		if (PyDict_SetItem(dict, PyTuple_GET_ITEM(shape->names, i), value) < 0)
			mc_raise(NULL);
	}
	return dict;
}
