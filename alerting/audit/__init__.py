"""The auditor: another process that reads the record and checks that every call that was due was made."""
