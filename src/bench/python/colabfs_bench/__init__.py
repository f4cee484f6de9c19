"""Measures colabfs beside sshfs and rclone over one long, narrow link: see __main__.

relay       the link: a round trip and a rate between clients and the server, and the count of bytes
runtime     a real OpenSSH server on 127.0.0.1 with keys of its own
content     what it serves, the same in every run
mounts      how each program mounts it, and is unmounted
processes   commands with a time limit; processor time and memory of a daemon
inside      the small programs that run in a mount
session     one mount in one round: measures, watches the server's side, compares
works       what is done in a mount, and how long the link alone would need
figures     medians, ratios, and their texts
report      the tables, the JSON
plot        the SVG
"""
