/*
 * Runs a program and measures it.
 *
 *     measure REPORT SECONDS PROGRAM [ARGUMENT...]
 *
 * After SECONDS the program gets SIGTERM, and a second later SIGKILL. REPORT gets two numbers: the
 * program's peak memory in KiB, and the number of signals that were sent. The exit status is the
 * program's status, or 128 plus the number of the signal that ended the program.
 *
 * The peak of a process includes the memory of its parent at the fork, so this small program forks.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t program;
static volatile sig_atomic_t signals;

static void on_alarm(int number) {
    (void)number;
    kill(program, signals++ ? SIGKILL : SIGTERM);
    alarm(1);
}

int main(int argc, char **argv) {
    if (argc < 4) return 125;
    program = fork();
    if (program < 0) return 125;
    if (program == 0) {
        execvp(argv[3], argv + 3);
        perror(argv[3]);
        _exit(125);
    }
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    alarm((unsigned)atoi(argv[2]));
    int status;
    struct rusage used;
    if (wait4(program, &status, 0, &used) != program) return 125;
    FILE *report = fopen(argv[1], "w");
    if (!report || fprintf(report, "%ld %d\n", used.ru_maxrss, (int)signals) < 0 || fclose(report))
        return 125;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
