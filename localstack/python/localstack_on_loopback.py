"""Starts LocalStack on the loopback address alone.

Its server listens on all addresses, whatever GATEWAY_LISTEN says (localstack/aws/serving/twisted.py), and asks for no
credentials: anyone in the network could read the local secrets.
"""

import functools
import runpy

from twisted.internet import endpoints

endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
runpy.run_module("localstack.runtime.main", run_name="__main__", alter_sys=True)
