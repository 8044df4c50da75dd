// Checks that report their place and continue.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <walrus_accel.hpp>

#include <atomic>
#include <iostream>
#include <string>
#include <string_view>

inline std::atomic<int> failures{0};

inline void check_that(bool holds, const char *file, int line, std::string_view what) {
    if (!holds) {
        ++failures;
        std::cerr << file << ':' << line << ": " << what << '\n';
    }
}

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)

/// Checks that `call` throws walrus_accel::error with this status and a message that contains
/// `part`.
template <class Call>
void check_fails(walrus_accel::status expected, std::string_view part, Call &&call,
    const char *file, int line, std::string_view what) {
    std::string found = "nothing is thrown";
    try {
        call();
    } catch (const walrus_accel::error &thrown) {
        const std::string message = thrown.what();
        if (thrown.status() == expected && message.find(part) != std::string::npos) { return; }
        found = std::string(name(thrown.status())) + ": " + message;
    } catch (const std::exception &thrown) { found = thrown.what(); }
    check_that(false, file, line, std::string(what) + ": " + found);
}

#define CHECK_FAILS(expected, part, expression)                                                    \
    check_fails(                                                                                   \
        walrus_accel::status::expected, part, [&] { (void)(expression); }, __FILE__, __LINE__,     \
        #expression)

/// Checks that `call` throws an int: the exception of a callable.
template <class Call>
void check_throws(int expected, Call &&call, const char *file, int line, std::string_view what) {
    try {
        call();
    } catch (int thrown) { return check_that(thrown == expected, file, line, what); } catch (...) {
    }
    check_that(false, file, line, what);
}

#define CHECK_THROWS(expected, expression)                                                         \
    check_throws(                                                                                  \
        expected, [&] { (void)(expression); }, __FILE__, __LINE__, #expression)

#endif // CHECK_HPP
