"""Where prices come from when they are not made here: a recording that is replayed, or a live exchange that is mirrored.

recording -> replay \\                      frames to the streams as they were
                     house -> engine        levels and trades as orders of the house, which customers' orders meet
upstream  -> mirror /                       everything told from the engine, as in the synthetic market
"""
