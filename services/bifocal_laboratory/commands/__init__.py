"""`bifocal evaluate` and `bifocal calibrate`; the command line finds them by their entry points."""
