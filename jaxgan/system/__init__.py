"""The machine: devices, processes, the compiler."""
