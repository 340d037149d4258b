from results.figures import Figure
from results.terminal import metrics_table


def _figure(name, value, channel="phone", low=None, high=None, n=10, **more):
    low, high = value if low is None else low, value if high is None else high
    return Figure(name, None, channel, more.pop("team", None), value, low, high, n, **more)


def test_the_table_tells_channel_by_channel_what_is_news():
    """Without it a planner would read fifty rows, half of them zeros, to find the one that matters."""
    figures = [
        _figure("wait_s_mean", 14.34, low=-2, high=18.4),
        _figure("wait_answered_s_mean", 14.34),
        _figure("abandonment", 0.0),
        _figure("waited_share", 0.97, low=0.91, high=1.03),
        _figure("balked_share", 0.0),
        _figure("wait_s_mean", 0.0, channel="faq"),
        _figure("occupancy", 0.85, channel=None, team="front"),
        _figure("attempts_mean", 1.234, channel=None),
    ]
    assert metrics_table(figures) == (
        "channel  metric          value     95 % interval  contacts\n"
        "phone    wait_s_mean    14.3 s    0.0 s … 18.4 s        10\n"
        "         waited_share   97.0 %  91.0 % … 100.0 %        10\n"
        "         balked_share    0.0 %     0.0 % … 0.0 %        10\n"
        "front    occupancy      85.0 %   85.0 % … 85.0 %        10\n"
        "all      attempts_mean    1.23       1.23 … 1.23        10\n"
        "3 more are 0, or the same as another; --json has them all"
    )


def test_figures_told_apart_stand_in_a_table_for_each_channel():
    """Without it the hours of a day would be told one figure to a line."""
    parts = [("08:00", 5.0, 0.0), ("08:30", 9.5, 0.25)]
    figures = [_figure("wait_s_mean", 7.0), _figure("abandonment", 0.1)]
    for interval, wait, gone in parts:
        figures += [_figure("wait_s_mean", wait, interval=interval), _figure("transfer_share", 0.0, interval=interval)]
        figures.append(_figure("abandonment", gone, interval=interval, n=8))
    assert metrics_table(figures).split("\n\n")[1] == (
        "phone  contacts  wait_s_mean  abandonment\n"
        "08:00        10        5.0 s        0.0 %\n"
        "08:30        10        9.5 s       25.0 %"
    )
