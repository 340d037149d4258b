"""The rehearsal desk: a real multi-channel support desk to practise on, with its own queues and its own luck.

It lies here so that it cannot borrow the simulator's queues: if both shared them, simulated = measured would prove
nothing.
"""
