"""The judgements of the doctor, one function per subject, by what they are about."""
