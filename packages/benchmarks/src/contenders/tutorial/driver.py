"""Runs the class of a public tutorial, which is beside this file unchanged, and prints what was measured."""
import json
import logging
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

# It logs each request. The log is thrown away, because a pipe that nobody reads would block it.
logging.basicConfig(level=logging.INFO, stream=open(os.devnull, "w"))

from cxone_authenticator import CxoneAuthenticator


def authenticator_at(origin, client_id, client_secret="secret"):
    authenticator = CxoneAuthenticator(client_id, client_secret)
    authenticator.base_url = origin
    authenticator.token_endpoint = f"{origin}/oauth/token"
    return authenticator


def call(authenticator):
    """What `test_api_call` of the tutorial does with a token."""
    token = authenticator.get_access_token(scopes=["read:users"])
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    response = requests.get(f"{authenticator.base_url}/api/v2/users/me", headers=headers, timeout=10)
    response.raise_for_status()
    response.json()


def cached(authenticator, times):
    authenticator.get_access_token()
    started = time.perf_counter()
    for _ in range(times):
        authenticator.get_access_token()
    return (time.perf_counter() - started) / times * 1e9


def load(authenticator, calls, at_once):
    authenticator.get_access_token()
    with ThreadPoolExecutor(at_once) as pool:
        started = time.perf_counter()
        for future in [pool.submit(call, authenticator) for _ in range(calls)]:
            future.result()
        return calls / (time.perf_counter() - started)


def together(authenticator, callers):
    threading.stack_size(256 * 1024)
    served = []

    def look():
        try:
            authenticator.get_access_token()
            served.append(1)
        except Exception:
            pass

    threads = [threading.Thread(target=look) for _ in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"millis": (time.perf_counter() - started) * 1e3, "served": len(served)}


def refused(authenticator, calls, seconds):
    started = time.perf_counter()
    for index in range(calls):
        time.sleep(max(0, started + index * seconds / calls - time.perf_counter()))
        try:
            call(authenticator)
        except requests.exceptions.HTTPError:
            pass
    return calls


origin, client_id, client_secret, name, *numbers = sys.argv[1:]
measure = {"cached": cached, "load": load, "together": together, "refused": refused}[name]
print(json.dumps(measure(authenticator_at(origin, client_id, client_secret), *map(int, numbers))))
