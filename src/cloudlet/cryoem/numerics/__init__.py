"""The measurements themselves: arrays in, arrays out, nothing read or written, inputs never modified.

Conventions, everywhere in this package:

- images are (rows, columns), row 0 at the bottom of the picture, x along the columns, y along the rows (upwards);
- angles run counter-clockwise from the x axis towards y;
- lengths are angstrom and spatial frequencies 1/angstrom where the name says so, pixels otherwise;
- half-plane transforms are laid out as `scipy.fft.rfft2` leaves them.

Algorithms are numpy and SciPy; what takes the time is done through `device`, by numba in `cpu` and by torch in `gpu`.
Readable counterparts of those loops are in `reference`.
"""
