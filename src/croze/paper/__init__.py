"""Tables and figures of the CRoZe paper, measured again: a file each, with its command."""
