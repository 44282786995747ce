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

/* The number that so many digits are; -1: they are none. */
static int
digits(const char *text, int count)
{
	int			number = 0;

	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/*
 * Read 2026-01-31T12:00:00.000Z, or the same with +0000, in which web services
 * write times: far faster than the input function, which reads every other
 * form.  false: it is none of these.
 */
static bool
iso_timestamp(PyObject *value, Timestamp *timestamp)
{
	Py_ssize_t	length;
	const char *text;
	int			year,
				month,
				day,
				hour,
				minute,
				second,
				millisecond;

	if (!PyUnicode_IS_COMPACT_ASCII(value))
		return false;
	text = PyUnicode_AsUTF8AndSize(value, &length);
	if (!(length == 24 && text[23] == 'Z') && !(length == 28 && strcmp(text + 23, "+0000") == 0))
		return false;
	if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
		text[19] != '.')
		return false;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	day = digits(text + 8, 2);
	hour = digits(text + 11, 2);
	minute = digits(text + 14, 2);
	second = digits(text + 17, 2);
	millisecond = digits(text + 20, 3);
	if (year < 1 || month < 1 || month > MONTHS_PER_YEAR || day < 1 || day > day_tab[isleap(year)][month - 1] ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || millisecond < 0)
		return false;
	*timestamp = (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY +
		((hour * INT64CONST(60) + minute) * 60 + second) * USECS_PER_SEC + millisecond * INT64CONST(1000);
	return true;
}

/* false: neither a datetime nor a date nor the usual text of one, to be read by the input function. */
bool
mc_python_to_timestamp(PyObject *value, McType *type, Datum *datum)
{
	Timestamp	timestamp;

	if (PyUnicode_Check(value))
	{
		/* A precision is for the input function to round to. */
		if (type->typmod >= 0 || !iso_timestamp(value, &timestamp))
			return false;
		*datum = TimestampGetDatum(timestamp);
		return true;
	}
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
