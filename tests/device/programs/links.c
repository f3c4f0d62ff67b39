/* Links, their status, room for a file, sleeping and polling, as C programs do these: what comes of each. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, int result) { printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done"); }

static void status(const char *path) {
    struct stat follows, itself;
    int result = stat(path, &follows);
    if (result < 0) printf("%s leads nowhere: %s, ", path, strerror(errno));
    else printf("%s: %c %d bytes, ", path, S_ISDIR(follows.st_mode) ? 'd' : 'f', S_ISDIR(follows.st_mode) ? 0 : (int)follows.st_size);
    if (lstat(path, &itself) < 0) printf("nothing\n");
    else printf("%s, %d names\n", S_ISLNK(itself.st_mode) ? "link" : "no link", (int)itself.st_nlink);
}

static void links(void) {
    char target[64] = "";
    FILE *file = fopen("/file", "w");
    fputs("hello", file);
    fclose(file);
    say("symlink", symlink("file", "/link"));
    say("symlink again", symlink("file", "/link"));
    say("absolute symlink", symlink("/file", "/absolute"));
    say("symlink out", symlink("../secret", "/out"));
    say("link", link("/file", "/same"));
    say("link to nothing", link("/nothing", "/other"));
    int size = (int)readlink("/link", target, sizeof target);
    printf("readlink: %d %.*s\n", size, size, target);
    size = (int)readlink("/link", target, 2);
    printf("readlink: %d %.*s\n", size, size, target);
    say("readlink of a file", (int)readlink("/file", target, sizeof target));
    static const char *paths[] = {"/file", "/link", "/same", "/out", "/nothing"};
    for (int i = 0; i < 5; i++) status(paths[i]);
    say("open", open("/link", O_RDONLY));
    say("open itself", open("/link", O_RDONLY | O_NOFOLLOW));
    say("open out", open("/out", O_RDONLY));
    say("unlink", unlink("/link"));
    status("/file");
}

static void polls(void) {
    struct timespec before, after, little = {0, 20000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    say("nanosleep", nanosleep(&little, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept: %d\n", (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec >= little.tv_nsec);
    int file = open("/file", O_RDWR);
    struct pollfd some[] = {{file, POLLIN | POLLOUT, 0}, {99, POLLIN, 0}, {1, POLLOUT, 0}};
    printf("poll: %d", poll(some, 3, 1000));
    for (int i = 0; i < 3; i++) printf(" %x", some[i].revents);
    printf("\n");
    lseek(file, 0, SEEK_END);
    printf("poll at the end: %d", poll(some, 1, -1));
    printf(" %x\n", some[0].revents);
    printf("no file: %d\n", poll(NULL, 0, 5));
}

int main(void) {
    links();
    polls();
    return 0;
}
