"""Files of the field: movies, gain references, SerialEM's metadata, micrographs, STAR.

One convention holds for every array that leaves this package: row 0 is the bottom of the picture, as MRC files have
it. TIFF files have it at the top, so their rows are reversed on reading (RELION does the same), and so are those of
pictures on writing.

Another format of movies is a reader of its own beside `tiff_movie`, a line in `readers`, its names in `cryoem.names`,
and what `cloudlet inspect` says of it in `cryoem.inspection.inspect`.
"""
