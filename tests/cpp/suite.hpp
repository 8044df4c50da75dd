// Parts of the suite.
#ifndef SUITE_HPP
#define SUITE_HPP

void test_values();
void test_vectors();
void test_encoding();
void test_decoding();
void test_recovery();
void test_directories();
void test_jobs();
void test_quilts();

#endif // SUITE_HPP
