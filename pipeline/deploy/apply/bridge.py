"""Give the bridges of networks the addresses that they have: a program of its own.

It runs inside the network namespace of the bridges, on the machine that they are on, from its text:
so it imports nothing of ours.
"""

import fcntl
import socket
import sys

GET_ADDRESS = 0x8927  # SIOCGIFHWADDR (netdevice(7))
SET_ADDRESS = 0x8924  # SIOCSIFHWADDR


def keep_address(name: str) -> None:
    """Set a device's hardware address to what it is: a bridge that was given one keeps it.

    Raises:
        OSError: there is no such device, or it is not ours.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = name.encode()[:15].ljust(40, b"\0")  # struct ifreq
        fcntl.ioctl(any_socket, SET_ADDRESS, fcntl.ioctl(any_socket, GET_ADDRESS, request))


if __name__ == "__main__":
    for device in sys.argv[1:]:
        keep_address(device)
