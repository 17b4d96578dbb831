"""The answers of other programs as declared types: under their own names, with the reference that describes them.

A field that is always sent is required. A default stands where the reference documents one, or where the Go field is
``omitempty`` and absent means the zero value; null is accepted where Go can send it (a nil slice, map or time without
``omitempty``). Only fields that are read are declared. Any other answer is ``Malformed``, by its path.
"""
