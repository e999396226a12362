#!/usr/bin/perl
# An HTTP server as a worker of the base level, in plain Perl, written from proto_spec/worker_protocol.md alone. It
# shows that the rules D1 to D12 there are enough to lose nothing. Needs no more than Debian's perl-base.
#
#   /             "<pid> perl"            /slow?ms=N   the same, N milliseconds later
use strict;
use warnings;
use Errno qw(EAGAIN EINTR ECONNABORTED);
use Fcntl qw(F_GETFD F_GETFL F_SETFD F_SETFL FD_CLOEXEC O_NONBLOCK);
use POSIX ();
use Socket qw(IPPROTO_TCP MSG_PEEK SHUT_WR TCP_NODELAY);

use constant {
    KEEPALIVE       => 75,
    HEADER_TIMEOUT  => 30,
    REQUEST_TIMEOUT => 60,
    LINGER          => 2,      # D8
    IN_FLIGHT       => 0.5,    # D8
    END_SECONDS     => 1,      # D9
    HEAD_BYTES_MAX  => 16 * 1024,
    BODY_BYTES_MAX  => 16 * 1024,
    QUEUE_MAX       => 1024,
};

my ($started, $paused, $stopping) = (0, 0, undef);    # $stopping: since when
my $lost  = 0;                                        # the master is gone
my $input = '';                                       # of the channel
my %connections;                                      # by descriptor
my $terminated = 0;
$SIG{TERM} = sub { $terminated = 1 };                 # D1
$SIG{PIPE} = 'IGNORE';

# A clock that nobody sets, in hundredths of seconds.
sub now { return (POSIX::times())[0] / 100 }

sub prepare {
    my ($handle) = @_;
    fcntl($handle, F_SETFL, fcntl($handle, F_GETFL, 0) | O_NONBLOCK) or die "fcntl: $!";
    fcntl($handle, F_SETFD, fcntl($handle, F_GETFD, 0) | FD_CLOEXEC) or die "fcntl: $!";    # W2
    return $handle;
}

# --- the channel ---

my ($read_fd, $write_fd) = ($ENV{FECTL_FD} // '') =~ /^(\d+):(\d+)$/ or die "FECTL_FD: start me from fectld\n";
open(my $from_master, '<&=', $read_fd)  or die "FECTL_FD: $!\n";
open(my $to_master,   '>&=', $write_fd) or die "FECTL_FD: $!\n";
prepare($from_master);
prepare($to_master);
my @listeners;
for my $name (grep { /^FECTL_FD_/ } sort keys %ENV) {
    my ($fd) = $ENV{$name} =~ /^(\d+),FAMILY:\d+,SOCKETTYPE:\d+,PROTO:\d+$/ or die "$name: $ENV{$name}\n";
    open(my $listener, '+<&=', $fd) or die "$name: $!\n";
    push @listeners, prepare($listener);
}
my $beat_every = ($ENV{FECTL_TIMEOUT} // 4) / 4;
$beat_every = 1 if $beat_every > 1;    # W5

sub say_to_master {
    my ($payload) = @_;
    syswrite($to_master, pack('n/a*', $payload));    # F1; a full pipe: dropped (W10)
    return;
}

sub take_commands {
    my $count;
    while ($count = sysread($from_master, $input, 65536, length $input)) { }
    $lost = 1 if defined $count || ($! != EAGAIN && $! != EINTR);    # W14
    while (length $input >= 2 && length $input >= 2 + unpack('n', $input)) {
        my ($payload) = unpack('n/a*', $input);
        substr($input, 0, 2 + length $payload) = '';
        my ($command) = $payload =~ /"cmd"\s*:\s*"(\w+)"/ or next;
        $started = 1 if $command eq 'start';
        $paused = 0 if $command eq 'start' || $command eq 'resume';
        $paused = 1 if $command eq 'pause';
        stop() if $command eq 'stop';
    }
    return;
}

sub accept_one {
    my ($listener) = @_;
    accept(my $socket, $listener) or return $! == EINTR || $! == ECONNABORTED;    # EAGAIN: another worker was faster
    prepare($socket);    # an accepted socket does not inherit it
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
    $connections{fileno $socket} = { socket => $socket, in => '', out => '', since => now(), fresh => 1 };
    return 1;
}

sub stop {
    return if defined $stopping;
    $stopping = now();
    for my $listener (@listeners) {    # D5
        for (my $i = 0; $started && !$paused && $i < QUEUE_MAX && accept_one($listener); ++$i) { }
        close($listener);
    }
    @listeners = ();
    return;
}

# --- connections ---

sub drop { my ($c) = @_; delete $connections{fileno $c->{socket}}; close($c->{socket}); return }

# D9
sub finish {
    my ($c) = @_;
    @$c{qw(ending in out due)} = (now() + END_SECONDS, '', '', undef);
    shutdown($c->{socket}, SHUT_WR) or return drop($c);
    return;
}

sub readable {
    my ($c) = @_;
    my $byte = '';
    return defined recv($c->{socket}, $byte, 1, MSG_PEEK) && $byte ne '';
}

sub receive {
    my ($c) = @_;
    my $count = sysread($c->{socket}, my $bytes, 65536);
    return if !defined $count && ($! == EAGAIN || $! == EINTR);
    return drop($c) if !defined $count || ($count == 0 && $c->{ending});
    return if $c->{ending};
    if ($count == 0) {
        $c->{peer_done} = 1;    # D7: what it asked for is answered all the same
    } else {
        $c->{since} = now() if $c->{in} eq '' && !answering($c);
        $c->{in} .= $bytes;
    }
    return proceed($c);
}

sub answering { my ($c) = @_; return defined $c->{due} || $c->{out} ne '' }

# Answers every whole request that is there, one after the other.
sub proceed {
    my ($c) = @_;
    while (!$c->{ending} && !answering($c)) {
        my $end = index($c->{in}, "\r\n\r\n");
        return finish($c) if $end < 0 && ($c->{peer_done} || length $c->{in} > HEAD_BYTES_MAX);
        return if $end < 0;
        my $head = substr($c->{in}, 0, $end + 4);
        my ($body) = $head =~ /\r\nContent-Length:\s*(\d+)\r\n/i;
        return finish($c) if ($body // 0) > BODY_BYTES_MAX;
        if (length $c->{in} < $end + 4 + ($body // 0)) {
            return finish($c) if $c->{peer_done};
            $c->{body} = 1;
            return;
        }
        substr($c->{in}, 0, $end + 4 + ($body // 0)) = '';
        @$c{qw(body keep)} = (0, $head !~ /\r\nConnection:\s*close\r\n/i);
        my ($ms) = $head =~ m{^GET /slow\?ms=(\d+) };
        $c->{due} = now() + ($ms // 0) / 1000;
        answer($c) if !defined $ms;
    }
    return;
}

sub answer {
    my ($c) = @_;
    my $body = "$$ perl\n";
    # D6. A client that has sent more already gets its answers; the last one of them announces the end.
    $c->{keep} &&= !defined $stopping || $c->{in} ne '' || readable($c);
    $c->{out} = "HTTP/1.1 200 OK\r\n" . ($c->{keep} ? '' : "Connection: close\r\n")
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    $c->{due} = undef;
    return transmit($c);
}

sub transmit {
    my ($c) = @_;
    my $count = syswrite($c->{socket}, $c->{out});
    return if !defined $count && ($! == EAGAIN || $! == EINTR);
    return drop($c) if !defined $count;
    substr($c->{out}, 0, $count) = '';
    @$c{qw(since fresh)} = (now(), 0);
    finish($c) if $c->{out} eq '' && !$c->{keep};
    return;
}

# D7, D8: what is over its time.
sub look {
    my ($c) = @_;
    my $now = now();
    return answer($c), proceed($c) if defined $c->{due} && $now >= $c->{due};
    return if defined $c->{due};
    return $now >= $c->{ending} ? drop($c) : undef if $c->{ending};
    return $now >= $c->{since} + REQUEST_TIMEOUT ? drop($c) : undef if $c->{out} ne '';
    my $until = $c->{since} + ($c->{body} ? REQUEST_TIMEOUT : $c->{fresh} ? HEADER_TIMEOUT : KEEPALIVE);
    if ($c->{in} ne '') {
        $until = $c->{since} + HEADER_TIMEOUT if !$c->{body};
    } elsif (defined $stopping) {
        my ($linger, $in_flight) = ($c->{since} + LINGER, $stopping + IN_FLIGHT);
        $until = $linger > $in_flight ? $linger : $in_flight;
        return receive($c) if readable($c);
    }
    finish($c) if $now >= $until;
    return;
}

# --- the loop ---

sub turn {
    my ($reads, $writes) = ('', '');
    my @accepting = $started && !$paused && !defined $stopping ? @listeners : ();    # D2, D3
    vec($reads, $read_fd, 1) = 1 if !$lost;
    vec($reads, fileno $_, 1) = 1 for @accepting;
    for my $c (values %connections) {
        vec($writes, fileno $c->{socket}, 1) = 1 if $c->{out} ne '';
        next if $c->{peer_done} || length $c->{in} > HEAD_BYTES_MAX + BODY_BYTES_MAX;
        vec($reads, fileno $c->{socket}, 1) = 1;
    }
    return if select($reads, $writes, undef, 0.02) < 0;
    for my $c (my @all = values %connections) {
        my $fd = fileno $c->{socket};
        if (vec($writes, $fd, 1)) {
            transmit($c);
            proceed($c) if $connections{$fd};
        }
        receive($c) if vec($reads, $fd, 1) && $connections{$fd};
    }
    for my $listener (@accepting) {
        accept_one($listener) if vec($reads, fileno $listener, 1);    # one, so that others get theirs
    }
    take_commands() if !$lost && vec($reads, $read_fd, 1);
    return;
}

say_to_master('{"cmd":"loaded"}');
my $next_beat = now();
until (defined $stopping && !%connections) {
    turn();
    look($_) for my @all = values %connections;
    stop() if $terminated || $lost;
    if (!$lost && now() >= $next_beat) {    # W5, D11
        say_to_master('{"cmd":"hb"}');
        $next_beat = now() + $beat_every;
    }
}
exit 0;    # D10
