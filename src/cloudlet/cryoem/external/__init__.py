"""Programs of others that do a stage of ours: they get files and leave files, and stay processes of their own."""
