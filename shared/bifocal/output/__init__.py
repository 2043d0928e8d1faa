"""What the command line writes: files that can be read without bifocal."""
