from contextlib import contextmanager
@contextmanager
def applied(name):
    yield
def kept(name, log):
    return log
