"""Where a child process begins: ``python -m cloudlet.compute DESCRIPTOR PARENT``."""

import sys

from cloudlet.compute.child import begin

begin(int(sys.argv[1]), int(sys.argv[2]))
