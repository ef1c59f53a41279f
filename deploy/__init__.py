"""How the platform is put on a machine: processes in the foreground, containers, generated files."""
