/*
 * A mail sink: an SMTP server that takes every message, counts it and forgets it (RFC 5321).
 *
 * It exists so that the receiving side costs next to nothing beside what is measured. It listens on 127.0.0.1 on a port of
 * the system's choice, prints that port, and answers `XCOUNT` with `250 <messages taken so far> <when it took the last>`,
 * in microseconds since 1970. It stops when its standard input ends, so it never outlives whoever started it.
 *
 * One thread around poll(2), which runs on every Unix; with the some ten connections of a measurement nothing is quicker.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PEERS = 1024, LINE = 4096, REPLIES = 65536, CHUNK = 262144 };
enum { STDIN_SLOT, LISTENER_SLOT, FIRST_PEER };

static const char END_OF_DATA[] = "\r\n.\r\n";

struct peer {
    char line[LINE];     /* the command that is being read */
    size_t line_length;
    int in_data;         /* between 354 and the final dot */
    size_t dot_progress; /* how much of END_OF_DATA has been matched */
    int closing;
};

static struct pollfd slots[PEERS + FIRST_PEER];
static struct peer peers[PEERS + FIRST_PEER];
static nfds_t slot_count = FIRST_PEER;
static unsigned long messages;
static long long last_taken; /* in microseconds since 1970 */

static char replies[REPLIES]; /* the answers to one read, written at once as PIPELINING wants (RFC 2920) */
static size_t replies_length;

static void reply(const char *text)
{
    size_t length = strlen(text);
    if (replies_length + length <= sizeof replies) {
        memcpy(replies + replies_length, text, length);
        replies_length += length;
    }
}

static long long microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int is_command(const char *line, const char *name)
{
    return strncasecmp(line, name, strlen(name)) == 0;
}

static void obey(struct peer *peer, const char *line)
{
    if (is_command(line, "MAIL FROM:") || is_command(line, "RCPT TO:") || is_command(line, "RSET") ||
        is_command(line, "NOOP")) {
        reply("250 OK\r\n");
    } else if (is_command(line, "DATA")) {
        peer->in_data = 1;
        peer->dot_progress = 2; /* a dot may stand on the very first line */
        reply("354 Go on\r\n");
    } else if (is_command(line, "EHLO")) {
        reply("250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 33554432\r\n");
    } else if (is_command(line, "HELO")) {
        reply("250 sink\r\n");
    } else if (is_command(line, "QUIT")) {
        peer->closing = 1;
        reply("221 Bye\r\n");
    } else if (is_command(line, "XCOUNT")) {
        char text[64];
        snprintf(text, sizeof text, "250 %lu %lld\r\n", messages, last_taken);
        reply(text);
    } else {
        reply("500 Unknown command\r\n");
    }
}

/* Reads message text up to the final dot; returns how much of it was used. */
static size_t swallow(struct peer *peer, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        if (bytes[at] == END_OF_DATA[peer->dot_progress])
            peer->dot_progress++;
        else
            peer->dot_progress = bytes[at] == '\r';
        if (peer->dot_progress == sizeof END_OF_DATA - 1) {
            peer->in_data = 0;
            messages++;
            last_taken = microseconds();
            reply("250 Taken\r\n");
            return at + 1;
        }
    }
    return length;
}

/* Reads one command, or what has come of it; returns how much was used. */
static size_t read_command(struct peer *peer, const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    size_t used = end ? (size_t)(end - bytes) + 1 : length;
    if (peer->line_length + used >= sizeof peer->line) {
        peer->closing = 1;
        reply("500 Line too long\r\n");
        return length;
    }
    memcpy(peer->line + peer->line_length, bytes, used);
    peer->line_length += used;
    if (end) {
        peer->line[peer->line_length] = '\0';
        peer->line_length = 0;
        obey(peer, peer->line);
    }
    return used;
}

/* Serves what a peer has sent. Returns 0 when the connection is over. */
static int serve(struct peer *peer, int descriptor)
{
    static char chunk[CHUNK];
    ssize_t got = read(descriptor, chunk, sizeof chunk);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    replies_length = 0;
    for (size_t at = 0; at < (size_t)got && !peer->closing;)
        at += peer->in_data ? swallow(peer, chunk + at, got - at) : read_command(peer, chunk + at, got - at);
    /* Replies are far smaller than a socket's buffer: whoever does not take them is cut off. */
    return write(descriptor, replies, replies_length) == (ssize_t)replies_length && !peer->closing;
}

static void accept_peer(int listener)
{
    static const char greeting[] = "220 sink ESMTP\r\n";
    int yes = 1;
    int descriptor = accept(listener, NULL, NULL);
    if (descriptor < 0)
        return;
    if (slot_count == PEERS + FIRST_PEER || write(descriptor, greeting, sizeof greeting - 1) < 0) {
        close(descriptor);
        return;
    }
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    memset(&peers[slot_count], 0, sizeof peers[slot_count]);
    slots[slot_count++] = (struct pollfd){.fd = descriptor, .events = POLLIN};
}

static void drop_peer(nfds_t slot)
{
    close(slots[slot].fd);
    slot_count--;
    slots[slot] = slots[slot_count];
    peers[slot] = peers[slot_count];
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, PEERS) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        perror("sink");
        exit(1);
    }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    slots[STDIN_SLOT] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    slots[LISTENER_SLOT] = (struct pollfd){.fd = listen_on_loopback(), .events = POLLIN};
    for (;;) {
        if (poll(slots, slot_count, -1) < 0) {
            if (errno == EINTR)
                continue;
            return 1;
        }
        if (slots[STDIN_SLOT].revents)
            return 0;
        /* Downwards, because dropping a peer moves the last one, already served, into its slot. */
        for (nfds_t slot = slot_count; slot-- > FIRST_PEER;)
            if (slots[slot].revents && !serve(&peers[slot], slots[slot].fd))
                drop_peer(slot);
        if (slots[LISTENER_SLOT].revents)
            accept_peer(slots[LISTENER_SLOT].fd);
    }
}
