"""Read and write folders and files of this machine."""
