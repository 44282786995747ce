"""Groups of fields that many objects share, written `@group` in an object's notation."""

from __future__ import annotations

import shlex

from sffdw.sandbox.schema.errors import SchemaError

VALUES = {
    "@geocodes": "Address | NearAddress | Block | Street | ExtendedZip | Zip | Neighborhood | City | County | State"
    " | Unknown",
    "@sources": "Web | Phone Inquiry | Partner Referral | Purchased List | Other",
    "@cleanstatus": "Matched = In Sync | Different | Acknowledged = Reviewed | NotFound = Not Found | Inactive"
    " | Pending = Not Compared | SelectMatch = Select Match | Skipped",
    "@recurs": "RecursDaily = Recurs Daily | RecursEveryWeekday = Recurs Every Weekday | RecursMonthly = Recurs Monthly"
    " | RecursMonthlyNth = Recurs Monthly Nth | RecursWeekly = Recurs Weekly | RecursYearly = Recurs Yearly"
    " | RecursYearlyNth = Recurs Yearly Nth",
    "@regenerated": "RecurrenceRegenerateAfterDueDate = After due date | RecurrenceRegenerateAfterToday = After date"
    " completed | RecurrenceRegenerated = (Task Closed)",
    "@currencies": "AED = UAE Dirham | ARS = Argentine Peso | AUD = Australian Dollar | BGN = Bulgaria Lev"
    " | BHD = Bahraini Dinar | BRL = Brazilian Real | CAD = Canadian Dollar | CHF = Swiss Franc"
    " | CLP = Chilean Peso | CNY = Chinese Yuan | COP = Colombian Peso | CZK = Czech Koruna"
    " | DKK = Danish Krone | EGP = Egyptian Pound | EUR = Euro | GBP = British Pound | HKD = Hong Kong Dollar"
    " | HUF = Hungarian Forint | IDR = Indonesian Rupiah | ILS = Israeli Shekel | INR = Indian Rupee"
    " | JPY = Japanese Yen | KRW = Korean Won | KWD = Kuwaiti Dinar | MXN = Mexican Peso"
    " | MYR = Malaysian Ringgit | NOK = Norwegian Krone | NZD = New Zealand Dollar | PEN = Peruvian Sol"
    " | PHP = Philippine Peso | PLN = Polish Zloty | RON = Romanian Leu | SAR = Saudi Arabian Riyal"
    " | SEK = Swedish Krona | SGD = Singapore Dollar | THB = Thai Baht | TRY = Turkish Lira"
    " | TWD = Taiwan Dollar | UAH = Ukraine Hryvnia | USD = U.S. Dollar | VND = Vietnam Dong"
    " | ZAR = South African Rand",
    "@pronouns": "He/Him | She/Her | They/Them | He/They | She/They | Not Listed",
    "@genders": "Male | Female | Nonbinary | Not Listed",
    "@months": "January | February | March | April | May | June | July | August | September | October | November"
    " | December",
    "@industries": "Agriculture | Apparel | Banking | Biotechnology | Chemicals | Communications | Construction"
    " | Consulting | Education | Electronics | Energy | Engineering | Entertainment | Environmental | Finance"
    " | Food & Beverage | Government | Healthcare | Hospitality | Insurance | Machinery | Manufacturing | Media"
    " | Not For Profit | Recreation | Retail | Shipping | Technology | Telecommunications | Transportation | Utilities"
    " | Other",
    "@timezones": "Pacific/Auckland | Australia/Sydney | Asia/Tokyo | Asia/Seoul | Asia/Shanghai | Asia/Hong_Kong"
    " | Asia/Singapore | Asia/Bangkok | Asia/Dhaka | Asia/Kolkata | Asia/Karachi | Asia/Dubai | Asia/Tehran"
    " | Europe/Moscow | Africa/Nairobi | Europe/Istanbul | Asia/Jerusalem | Africa/Cairo | Africa/Johannesburg"
    " | Europe/Athens | Europe/Helsinki | Europe/Berlin | Europe/Paris | Europe/Rome | Europe/Madrid | Europe/Amsterdam"
    " | Europe/Brussels | Europe/Stockholm | Europe/Vienna | Europe/Zurich | Europe/Prague | Europe/Warsaw"
    " | Europe/London | Europe/Dublin | Europe/Lisbon | GMT | Atlantic/Azores | America/Sao_Paulo"
    " | America/Argentina/Buenos_Aires | America/St_Johns | America/Halifax | America/New_York | America/Toronto"
    " | America/Chicago | America/Mexico_City | America/Denver | America/Phoenix | America/Los_Angeles"
    " | America/Anchorage | Pacific/Honolulu",
}
_RELATED = ("Account", "Asset", "Campaign", "Case", "Contract", "Opportunity", "Order", "Product2", "Quote")
TARGETS = {
    "related": _RELATED,
    "noted": (*(name for name in _RELATED if name != "Case"), "Contact", "Lead"),
    "attached": (*_RELATED, "Contact", "EmailMessage", "Event", "Lead", "Task"),
}
_ADDRESS = """
    {stem}Street textarea "{label}Street" in={stem}Address{marks}
    {stem}City string(40) "{label}City" in={stem}Address{marks}
    {stem}State string(80) "{label}State/Province" in={stem}Address{marks}
    {stem}PostalCode string(20) "{label}Zip/Postal Code" in={stem}Address{marks}
    {stem}Country string(80) "{label}Country" in={stem}Address{marks}
    {stem}Latitude double(18,15) "{label}Latitude" in={stem}Address{marks}
    {stem}Longitude double(18,15) "{label}Longitude" in={stem}Address{marks}
    {stem}GeocodeAccuracy picklist "{label}Geocode Accuracy" restricted in={stem}Address{marks} : @geocodes
    {stem}Address address "{label}Address"{marks}
"""
_CODES = """
    {stem}StateCode picklist(10) "{label}State/Province Code" restricted in={stem}Address
    {stem}CountryCode picklist(10) "{label}Country Code" restricted in={stem}Address
"""
_SETUP = """
    without createable deletable undeletable updateable layoutable searchLayoutable searchable triggerable bulkSupported
    recordtypes none
    scopes everything
"""
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_STAMPS = """
    CreatedDate datetime "Created Date"
    CreatedById reference "Created By ID" > User CreatedBy
    LastModifiedDate datetime "Last Modified Date"
    LastModifiedById reference "Last Modified By ID" > User LastModifiedBy
    SystemModstamp datetime "System Modstamp"
"""
_VIEWED = """
    LastViewedDate datetime "Last Viewed Date" readonly
    LastReferencedDate datetime "Last Referenced Date" readonly
"""
_PERSON = """
    LastName string(80) "Last Name" required noperm in=Name extra=personname
    FirstName string(40) "First Name" noperm in=Name extra=personname
    Salutation picklist "Salutation" noperm in=Name extra=personname : Mr. | Ms. | Mrs. | Dr. | Prof.
    Name string(121) "Full Name" readonly required noperm name extra=personname
"""


def expand(line: str) -> str:
    """Give the field lines of a group. Raises SchemaError for an unknown one."""
    name, *arguments = shlex.split(line)
    match name, arguments:
        case "@stamps", []:
            return _STAMPS
        case "@viewed", []:
            return _VIEWED
        case "@person", []:
            return _PERSON
        case "@owner", [targets]:
            return f'OwnerId reference "Owner ID" required defaulted noperm > {targets} Owner'
        case "@master", [target]:
            return f'MasterRecordId reference "Master Record ID" readonly > {target} MasterRecord'
        case "@recordtype", []:
            return 'RecordTypeId reference "Record Type ID" noperm noprefilter > RecordType RecordType'
        case "@currency", [label]:
            return f'CurrencyIsoCode picklist(3) "{label}" restricted defaulted noperm when=multi_currency'
        case "@setup", []:
            return _SETUP
        case "@week", []:
            return "\n".join(f"{day}{edge}Time time noperm" for day in _DAYS for edge in ("Start", "End"))
        case "@codes", [stem, label]:
            return _CODES.format(stem=stem, label=label)
        case "@address", [stem, label]:
            return _ADDRESS.format(stem=stem, label=label, marks="")
        case "@personaddress", [kind]:
            return _ADDRESS.format(stem=f"Person{kind}", label=f"{kind} ", marks=" when=person_accounts")
    raise SchemaError(f"unknown group of fields: {line}")
