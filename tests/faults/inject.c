/*
 * Runs a program and makes some of its system calls on files fail.
 *
 *     inject REPORT DIRECTORY SECONDS RULES PROGRAM [ARGUMENT...]
 *
 * Calls are counted over all threads of the program. Counting starts with the first call that names
 * a path below DIRECTORY, which excludes the loader's calls. RULES is empty or a comma-separated
 * list of NAME:NUMBER:FAULT. The NUMBER-th call of NAME gets FAULT. With "+" after the number,
 * every later call gets FAULT too. The name "any" counts all calls. FAULT is one of
 *
 *     EIO, ENOSPC, ...  the call is not made and returns this error
 *     short             half of the requested bytes are transferred
 *     zero              the call is not made and returns 0: the end of a file, or nothing written
 *
 * The name of a call is the name of the system call. Three operations that a file system may lack
 * have names of their own: fsync_directory, renameat2_exchange and renameat2_noreplace.
 *
 * REPORT gets a line for each counted call, "NUMBER NAME DESCRIPTOR [PATH]", with "*" before the
 * number of a call that got a fault. The exit status is the program's status, 128 plus the number
 * of the signal that ended the program, or 124 if the program exceeded SECONDS and was killed.
 *
 * A seccomp filter and ptrace intercept the calls, because the program makes some of them without
 * the C library, where a preloaded library would not see them. Linux on x86-64 only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* System call to count. Arguments have the positions 0 to 5, or NONE. */
struct call {
    int number;
    const char *name;
    int path; /* position of the path */
    int descriptor; /* position of the descriptor */
    int count; /* position of the requested bytes, for calls that may transfer fewer */
};

#define NONE -1
#define CALL(name, path, descriptor, count)                                                        \
    { SYS_##name, #name, path, descriptor, count }

static const struct call calls[] = {
    CALL(open, 0, NONE, NONE),
    CALL(openat, 1, NONE, NONE),
    CALL(openat2, 1, NONE, NONE),
    CALL(read, NONE, 0, 2),
    CALL(pread64, NONE, 0, 2),
    CALL(readv, NONE, 0, NONE),
    CALL(preadv, NONE, 0, NONE),
    CALL(write, NONE, 0, 2),
    CALL(pwrite64, NONE, 0, 2),
    CALL(writev, NONE, 0, NONE),
    CALL(pwritev, NONE, 0, NONE),
    CALL(fsync, NONE, 0, NONE),
    CALL(fdatasync, NONE, 0, NONE),
    CALL(syncfs, NONE, 0, NONE),
    CALL(sync_file_range, NONE, 0, NONE),
    CALL(rename, 0, NONE, NONE),
    CALL(renameat, 1, NONE, NONE),
    CALL(renameat2, 1, NONE, NONE),
    CALL(link, 0, NONE, NONE),
    CALL(linkat, 1, NONE, NONE),
    CALL(unlink, 0, NONE, NONE),
    CALL(unlinkat, 1, NONE, NONE),
    CALL(mkdir, 0, NONE, NONE),
    CALL(mkdirat, 1, NONE, NONE),
    CALL(rmdir, 0, NONE, NONE),
    CALL(truncate, 0, NONE, NONE),
    CALL(ftruncate, NONE, 0, NONE),
    CALL(fallocate, NONE, 0, NONE),
    CALL(flock, NONE, 0, NONE),
    CALL(fcntl, NONE, 0, NONE),
    CALL(stat, 0, NONE, NONE),
    CALL(lstat, 0, NONE, NONE),
    CALL(fstat, NONE, 0, NONE),
    CALL(newfstatat, 1, NONE, NONE),
    CALL(statx, 1, 0, NONE),
    CALL(fstatfs, NONE, 0, NONE),
    CALL(access, 0, NONE, NONE),
    CALL(faccessat2, 1, NONE, NONE),
    CALL(readlink, 0, NONE, NONE),
    CALL(readlinkat, 1, NONE, NONE),
    CALL(lseek, NONE, 0, NONE),
    CALL(getdents64, NONE, 0, NONE),
    CALL(copy_file_range, NONE, 2, 4),
    CALL(sendfile, NONE, 0, 3),
    CALL(splice, NONE, 2, 4),
    CALL(fchmod, NONE, 0, NONE),
    CALL(fchmodat, 1, NONE, NONE),
    CALL(chmod, 0, NONE, NONE),
    CALL(fchown, NONE, 0, NONE),
    CALL(utimensat, 1, NONE, NONE),
    CALL(clone3, NONE, NONE, NONE),
};

#define CALLS (sizeof calls / sizeof *calls)

static const struct {
    const char *name;
    int value;
} errors[] = {
    {"EIO", EIO},
    {"ENOSPC", ENOSPC},
    {"EINTR", EINTR},
    {"EMFILE", EMFILE},
    {"EINVAL", EINVAL},
    {"EACCES", EACCES},
    {"EAGAIN", EAGAIN},
    {"EOPNOTSUPP", EOPNOTSUPP},
    {"ENOSYS", ENOSYS},
    {"EROFS", EROFS},
    {"EXDEV", EXDEV},
    {"EDQUOT", EDQUOT},
};

static struct rule {
    const char *name;
    long number, seen;
    int later; /* true if every later call gets the fault too */
    int error, is_short;
} rules[8];

static size_t rule_count;
static pid_t program;
static volatile sig_atomic_t late;

static void fail(const char *what) {
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void on_alarm(int number) {
    (void)number;
    late = 1;
    kill(program, SIGKILL);
}

/* Installs a filter that stops the calling process at each counted call. */
static void filter_calls(void) {
    struct sock_filter code[CALLS + 4];
    size_t length = 0;
    code[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++) {
        /* Jumps over the remaining comparisons and the statement that allows the call. */
        unsigned char to_trace = (unsigned char)(CALLS - i);
        code[length++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, to_trace, 0);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog filter = {.len = (unsigned short)length, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        fail("seccomp");
}

/* Copies the text at an address of a stopped thread to out, truncated to size. */
static void text_at(pid_t thread, unsigned long address, char *out, size_t size) {
    memset(out, 0, size);
    size_t page = 4096 - address % 4096, part = page < size - 1 ? page : size - 1;
    for (size_t done = 0; done < size - 1 && part > 0;) {
        struct iovec here = {out + done, part}, there = {(void *)(address + done), part};
        ssize_t n = process_vm_readv(thread, &here, 1, &there, 1, 0);
        if (n <= 0 || memchr(out + done, 0, (size_t)n)) return;
        done += (size_t)n;
        part = size - 1 - done;
    }
}

static unsigned long long *argument(struct user_regs_struct *registers, int place) {
    unsigned long long *all[] = {&registers->rdi, &registers->rsi, &registers->rdx, &registers->r10,
        &registers->r8, &registers->r9};
    return all[place];
}

static void read_rules(char *text) {
    for (char *rest = text, *rule; (rule = strsep(&rest, ","));) {
        if (!*rule) continue;
        char *name = strsep(&rule, ":"), *number = strsep(&rule, ":"), *fault = rule, *end;
        errno = EINVAL;
        if (!fault || rule_count == sizeof rules / sizeof *rules) fail("rules");
        struct rule *made = &rules[rule_count++];
        *made = (struct rule){.name = name, .number = strtol(number, &end, 10)};
        made->later = *end == '+';
        made->is_short = !strcmp(fault, "short");
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (!strcmp(fault, errors[i].name)) made->error = errors[i].value;
        if (!made->error && !made->is_short && strcmp(fault, "zero")) fail(fault);
    }
}

/* Returns the rule for the next call of this name, or NULL. */
static const struct rule *rule_for(const char *name) {
    const struct rule *found = NULL;
    for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
        if (strcmp(rule->name, "any") && strcmp(rule->name, name)) continue;
        rule->seen++;
        if (rule->later ? rule->seen >= rule->number : rule->seen == rule->number) found = rule;
    }
    return found;
}

/* Returns the name of a call that a thread is about to make. */
static const char *name_of(
    const struct call *call, pid_t thread, struct user_regs_struct *registers) {
    if (call->number == SYS_renameat2) {
        unsigned long long flags = registers->r8;
        return flags & 2 ? "renameat2_exchange" : flags & 1 ? "renameat2_noreplace" : call->name;
    }
    if (call->number == SYS_fsync) {
        char path[64];
        struct stat found;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)thread, (int)registers->rdi);
        if (!stat(path, &found) && S_ISDIR(found.st_mode)) return "fsync_directory";
    }
    return call->name;
}

/* Applies a rule to a call that a thread is about to make. Returns false if that is impossible. */
static int give(const struct rule *rule, const struct call *call, pid_t thread,
    struct user_regs_struct *registers) {
    if (rule->is_short) {
        unsigned long long *count = call->count == NONE ? NULL : argument(registers, call->count);
        if (!count || *count < 2) return 0;
        *count = (*count + 1) / 2;
    } else {
        registers->orig_rax = (unsigned long long)-1;
        registers->rax = (unsigned long long)-rule->error;
    }
    if (ptrace(PTRACE_SETREGS, thread, 0, registers)) fail("ptrace");
    return 1;
}

/* Counts the call that a thread is about to make, and applies the rule for it, if any. */
static void at_call(pid_t thread, const char *directory, FILE *report) {
    static int begun;
    static long counted;
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers)) return;
    const struct call *call = calls;
    while (call < calls + CALLS && call->number != (int)registers.orig_rax) call++;
    if (call == calls + CALLS) return;
    char path[4096] = "";
    if (call->path != NONE) text_at(thread, *argument(&registers, call->path), path, sizeof path);
    if (!strncmp(path, directory, strlen(directory))) begun = 1;
    int descriptor = call->descriptor == NONE ? NONE : (int)*argument(&registers, call->descriptor);
    /* The program reports faults on standard error, whose calls never fail. */
    if (!begun || descriptor == STDERR_FILENO) return;
    const char *name = name_of(call, thread, &registers);
    const struct rule *rule = rule_for(name);
    int hit = rule && give(rule, call, thread, &registers);
    fprintf(report, "%s%ld %s %d %s\n", hit ? "*" : "", ++counted, name, descriptor, path);
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: inject REPORT DIRECTORY SECONDS RULES PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    const char *directory = argv[2];
    FILE *report = fopen(argv[1], "we");
    if (!report) fail(argv[1]);
    read_rules(argv[4]);

    program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0)) fail("ptrace");
        raise(SIGSTOP);
        filter_calls();
        execv(argv[5], argv + 5);
        fail(argv[5]);
    }
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    alarm((unsigned)atoi(argv[3]));

    int status;
    if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status)) fail("waitpid");
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options)) fail("ptrace");
    ptrace(PTRACE_CONT, program, 0, 0);

    int code = 125;
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread == program)
                code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) at_call(thread, directory, report);
        /* Stops for a new thread or a new program are not signals. */
        if (event || signal == SIGTRAP || signal == SIGSTOP) signal = 0;
        ptrace(PTRACE_CONT, thread, 0, signal);
    }
    if (fclose(report)) fail(argv[1]);
    return late ? 124 : code;
}
