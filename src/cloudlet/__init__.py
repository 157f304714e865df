"""The Instrument Cloudlet: the machine beside the instrument that lets its users in from afar."""
