"""An application that prints."""


def make(worker, socket, arguments):
    print("a line of the application")
    return object()
