"""The measurements themselves: arrays in, arrays out, nothing read or written, inputs never modified.

Conventions, everywhere in this package:

- images are (rows, columns), row 0 at the bottom of the picture, x along the columns, y along the rows (upwards);
- angles run counter-clockwise from the x axis towards y;
- lengths are angstrom and spatial frequencies 1/angstrom where the name says so, pixels otherwise;
- half-plane transforms are laid out as `scipy.fft.rfft2` leaves them.

This is the readable reference: numpy and scipy alone.
"""
