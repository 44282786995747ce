"""D&B Company: what Dun & Bradstreet knows of a company."""

NOTATION = """
object DandBCompany 06E "D&B Company" "D&B Companies"
without undeletable
recordtypes none
scopes everything
Id id "D&B Company ID"
Name string "Primary Business Name" required name
DunsNumber string(9) "D-U-N-S Number" required
Street string "Street Address"
City string(40) "City"
State string(80) "State"
Country string(80) "Country"
PostalCode string(20) "ZIP/Postal Code"
Phone phone "Telephone Number"
URL url(104) "URL"
IsDeleted boolean "Deleted"
@stamps
"""
