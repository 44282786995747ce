/*-------------------------------------------------------------------------
 *
 * datetimes.c
 *		date, time, timestamp and timestamptz as objects of Python's datetime.
 *
 * A timestamptz is an aware datetime in UTC, a timestamp a naive one.  The
 * session's time zone plays no part: an aware value for a timestamp column is
 * taken in UTC, and so is a naive one for a timestamptz column.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include <datetime.h>
/* Python and PostgreSQL guard headers of the same name with the same symbol. */
#undef DATETIME_H

#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* Python knows the years 1 to 9999. */
#define FIRST_DAY	(date2j(1, 1, 1) - POSTGRES_EPOCH_JDATE)
#define END_DAY		(date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE)

void
mc_import_datetime(void)
{
	PyDateTime_IMPORT;
	if (PyDateTimeAPI == NULL)
		mc_raise(NULL);
}

/* NULL without an exception: not a time Python can hold. */
PyObject *
mc_date_to_python(Datum datum)
{
	DateADT		days = DatumGetDateADT(datum);
	int			year,
				month,
				day;

	if (days < FIRST_DAY || days >= END_DAY)
		return NULL;
	j2date(days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return PyDate_FromDate(year, month, day);
}

PyObject *
mc_time_to_python(Datum datum)
{
	TimeADT		time = DatumGetTimeADT(datum);
	int64		seconds = time / USECS_PER_SEC;

	/* 24:00 is a time in PostgreSQL only. */
	if (time >= USECS_PER_DAY)
		return NULL;
	return PyTime_FromTime(seconds / SECS_PER_HOUR, seconds / SECS_PER_MINUTE % MINS_PER_HOUR,
						   seconds % SECS_PER_MINUTE, time % USECS_PER_SEC);
}

PyObject *
mc_timestamp_to_python(Datum datum, bool with_zone)
{
	Timestamp	timestamp = DatumGetTimestamp(datum);
	int64		days,
				seconds;
	int			year,
				month,
				day;

	if (TIMESTAMP_NOT_FINITE(timestamp))
		return NULL;
	days = timestamp / USECS_PER_DAY;
	timestamp -= days * USECS_PER_DAY;
	if (timestamp < 0)
	{
		timestamp += USECS_PER_DAY;
		days--;
	}
	if (days < FIRST_DAY || days >= END_DAY)
		return NULL;
	j2date((int) days + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	seconds = timestamp / USECS_PER_SEC;
	return PyDateTimeAPI->DateTime_FromDateAndTime(year, month, day, (int) (seconds / SECS_PER_HOUR),
												   (int) (seconds / SECS_PER_MINUTE % MINS_PER_HOUR),
												   (int) (seconds % SECS_PER_MINUTE),
												   (int) (timestamp % USECS_PER_SEC),
												   with_zone ? PyDateTime_TimeZone_UTC : Py_None,
												   PyDateTimeAPI->DateTimeType);
}

static int32
days_of(PyObject *date)
{
	return date2j(PyDateTime_GET_YEAR(date), PyDateTime_GET_MONTH(date), PyDateTime_GET_DAY(date)) -
		POSTGRES_EPOCH_JDATE;
}

/* false: not a date, to be read as text. */
bool
mc_python_to_date(PyObject *value, Datum *datum)
{
	if (!PyDate_Check(value))
		return false;
	*datum = DateADTGetDatum(days_of(value));
	return true;
}

bool
mc_python_to_time(PyObject *value, int32 typmod, Datum *datum)
{
	TimeADT		time;

	if (!PyTime_Check(value))
		return false;
	time = ((PyDateTime_TIME_GET_HOUR(value) * INT64CONST(60) + PyDateTime_TIME_GET_MINUTE(value)) * 60 +
			PyDateTime_TIME_GET_SECOND(value)) * USECS_PER_SEC + PyDateTime_TIME_GET_MICROSECOND(value);
	AdjustTimeForTypmod(&time, typmod);
	*datum = TimeADTGetDatum(time);
	return true;
}

/* Microseconds by which an aware datetime is ahead of UTC; 0 for a naive one. */
static int64
utc_offset(PyObject *value)
{
	PyObject   *delta;
	int64		offset = 0;

	if (!PyDateTime_Check(value) || PyDateTime_DATE_GET_TZINFO(value) == Py_None ||
		PyDateTime_DATE_GET_TZINFO(value) == PyDateTime_TimeZone_UTC)
		return 0;
	mc_python_depth++;
	delta = PyObject_CallMethod(value, "utcoffset", NULL);
	mc_python_depth--;
	if (delta == NULL)
		mc_raise(NULL);
	if (delta != Py_None)
		offset = PyDateTime_DELTA_GET_DAYS(delta) * USECS_PER_DAY +
			PyDateTime_DELTA_GET_SECONDS(delta) * USECS_PER_SEC +
			PyDateTime_DELTA_GET_MICROSECONDS(delta);
	Py_DECREF(delta);
	return offset;
}

/* false: neither a datetime nor a date, to be read as text. */
bool
mc_python_to_timestamp(PyObject *value, McType *type, Datum *datum)
{
	Timestamp	timestamp;

	if (!PyDate_Check(value))
		return false;
	timestamp = days_of(value) * USECS_PER_DAY;
	if (PyDateTime_Check(value))
		timestamp += ((PyDateTime_DATE_GET_HOUR(value) * INT64CONST(60) +
					   PyDateTime_DATE_GET_MINUTE(value)) * 60 +
					  PyDateTime_DATE_GET_SECOND(value)) * USECS_PER_SEC +
			PyDateTime_DATE_GET_MICROSECOND(value) - utc_offset(value);
#if PG_VERSION_NUM >= 160000
	AdjustTimestampForTypmod(&timestamp, type->typmod, NULL);
#else
	AdjustTimestampForTypmod(&timestamp, type->typmod);
#endif
	*datum = TimestampGetDatum(timestamp);
	return true;
}
