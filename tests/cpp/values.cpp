// Spans, results, errors, blob IDs, shapes, devices, versions.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <array>
#include <memory>
#include <set>
#include <type_traits>
#include <unordered_set>

#ifdef __cpp_lib_span
#include <span>
#endif

namespace wal = walrus_accel;

namespace {

template <class T>
constexpr bool is_handle =
    std::is_nothrow_move_constructible_v<T> &&std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(is_handle<wal::runtime> && is_handle<wal::control> && is_handle<wal::metadata>);
static_assert(is_handle<wal::encoded> && is_handle<wal::decoded>);
static_assert(is_handle<wal::job<wal::encoded>> && is_handle<wal::job<wal::decoded>>);
static_assert(is_handle<wal::job<std::vector<wal::verdict>>>);
static_assert(std::is_copy_assignable_v<wal::encode_request>);
static_assert(std::is_copy_assignable_v<wal::decode_request>);
static_assert(!std::is_constructible_v<wal::span<std::uint8_t>, const bytes &>);
static_assert(!std::is_constructible_v<wal::span<std::uint8_t>, bytes>);
static_assert(!std::is_constructible_v<wal::span<const std::uint8_t>, std::string>);
static_assert(!std::is_constructible_v<wal::decode_request, wal::metadata, wal::sliver_set>);

void spans() {
    bytes three{1, 2, 3};
    const wal::span<std::uint8_t> view = three;
    view[1] = 7;
    CHECK(three[1] == 7 && view.size() == 3 && !view.empty() && view.data() == three.data());
    const wal::span<const std::uint8_t> constant = view;
    CHECK(is_same(constant, three));
    CHECK(is_same(constant.subspan(1, 2), bytes{7, 3}));
    const std::array<std::uint8_t, 2> two{4, 5};
    CHECK(is_same(two, bytes{4, 5}));
    const std::uint8_t plain[] = {6};
    CHECK(is_same(plain, bytes{6}));
    CHECK(is_same(wal::as_bytes("ab"), bytes{'a', 'b'}));
    CHECK(wal::span<int>().empty() && wal::span<int>().begin() == wal::span<int>().end());
#ifdef __cpp_lib_span
    const std::span<const std::uint8_t> standard = constant;
    CHECK(is_same(standard, three));
    std::span<std::uint8_t> changing(three);
    const wal::span<std::uint8_t> back = changing;
    CHECK(back.data() == three.data());
#endif
}

void results() {
    wal::result<std::unique_ptr<int>> good = std::make_unique<int>(3);
    CHECK(good && good.has_value() && **good == 3 && *good->get() == 3 && *good.value() == 3);
    const auto &constant = good;
    CHECK(**constant == 3 && *constant->get() == 3 && *constant.value() == 3);
    const std::unique_ptr<int> taken = *std::move(good);
    CHECK(*taken == 3 && !good.value());
    bool is_refused = false;
    try {
        (void)good.failure();
    } catch (const std::bad_variant_access &) { is_refused = true; }
    CHECK(is_refused);

    const wal::result<int> bad = wal::failure{wal::status::io, "no disk", nullptr};
    CHECK(!bad && bad.failure().status == wal::status::io && bad.failure().message == "no disk");
    CHECK_FAILS(io, "no disk", bad.value());
    CHECK_FAILS(io, "no disk", *bad);
    CHECK_THROWS(3, (wal::failure{wal::status::io, "", std::make_exception_ptr(3)}.raise()));
    CHECK(name(wal::status::ok) == "ok" && name(wal::status::blob_too_large) == "blob too large");
    CHECK(name(static_cast<wal::status>(-1000)) == "unknown status");
}

void blob_ids() {
    const std::string text = "CmzciFdWJP1IIM-rD3cqXlVBXYM0fpAfHahZBvkaZUI";
    const auto id = wal::blob_id::parse(text);
    CHECK(id.text() == text && id.bytes[0] == 0x0a && id.bytes[31] == 0x42);
    const wal::blob_id zero;
    CHECK(zero != id && zero < id && !(zero == id) && zero.text() == std::string(43, 'A'));
    CHECK((std::set<wal::blob_id>{id, zero, id}.size() == 2));
    CHECK((std::unordered_set<wal::blob_id>{id, zero, id}.size() == 2));
    CHECK_FAILS(invalid_argument, "", wal::blob_id::parse(text.substr(1)));
    CHECK_FAILS(invalid_argument, "NUL", wal::blob_id::parse(text + std::string("\0x", 2)));
}

void shapes() {
    const auto shape = wal::shape::of(7, 100);
    CHECK(shape.n_shards == 7 && shape.blob_length == 100 && shape.rows == 3 && shape.columns == 5);
    CHECK(shape.symbol_size == 8);
    CHECK(shape.sliver_length(wal::axis::primary) == shape.primary_length);
    CHECK(shape.sliver_length(wal::axis::secondary) == shape.secondary_length);
    CHECK(shape.primary_length > shape.secondary_length && shape.primary_header_length > 0 &&
          shape.secondary_header_length > 0);
    CHECK(shape.metadata_length > 0 && shape.stored_length > 7 * shape.metadata_length);
    CHECK_FAILS(invalid_argument, "3", wal::shape::of(3, 1));
    const auto most = wal::max_blob_length(1000);
    CHECK(wal::shape::of(1000, most).symbol_size == 65534);
    CHECK_FAILS(blob_too_large, std::to_string(most + 1), wal::shape::of(1000, most + 1));
    CHECK_FAILS(invalid_argument, "3", wal::max_blob_length(3));
    CHECK(wal::max_blob_length(0) == most);

    for (std::uint16_t pair = 0; pair < 7; ++pair) {
        CHECK(wal::sliver_index(7, wal::axis::primary, pair) == pair);
        CHECK(wal::sliver_index(7, wal::axis::secondary, pair) == 6 - pair);
        CHECK(wal::sliver_pair(7, wal::axis::secondary, static_cast<std::uint16_t>(6 - pair)) ==
              pair);
    }
    CHECK_FAILS(invalid_argument, "7", wal::sliver_index(7, wal::axis::primary, 7));
    CHECK_FAILS(invalid_argument, "7", wal::sliver_pair(7, wal::axis::secondary, 7));
    const wal::blob_id zero;
    CHECK(wal::shard_of_pair(7, zero, 3) == 3);
    wal::blob_id one;
    one.bytes[31] = 1;
    CHECK(wal::shard_of_pair(7, one, 6) == 0);
    CHECK_FAILS(invalid_argument, "7", wal::shard_of_pair(7, zero, 7));
}

void runtimes() {
    CHECK(wal::version() == WALRUS_ACCEL_VERSION);
    wal::check_abi();
    for (const auto &device : wal::devices()) {
        CHECK(!device.name.empty() && !device.backend.empty());
    }
    auto first = cpu();
    CHECK(!first.instruction_set().empty() && !first.device_fault());
    auto second = std::move(first);
    CHECK(!second.instruction_set().empty());
    CHECK_FAILS(invalid_argument, "runtime", first.instruction_set());
    CHECK_FAILS(invalid_argument, "runtime", first.device_fault());
    CHECK_FAILS(
        invalid_argument, "runtime", first.encode(wal::encode_request(wal::source::memory({}))));
    first = std::move(second);
    CHECK(!first.instruction_set().empty());

    wal::runtime_options options;
    options.engine = wal::engine::cpu;
    options.instruction_set = "portable";
    options.memory = std::uint64_t{64} << 20;
    options.device_memory = std::uint64_t{64} << 20;
    options.max_jobs = 1;
    options.cpu_fallback = false;
    options.device_check = false;
    CHECK(wal::runtime(options).instruction_set() == "portable");
    options.instruction_set = "abacus";
    CHECK_FAILS(invalid_argument, "abacus", wal::runtime(options));
    options.instruction_set = std::string("portable\0", 9);
    CHECK_FAILS(invalid_argument, "instruction_set", wal::runtime(options));
    options = {};
    options.device = std::string(1, '\0');
    CHECK_FAILS(invalid_argument, "device", wal::runtime(options));
    options.engine = wal::engine::gpu;
    options.device = "no such device";
    CHECK_FAILS(engine_unavailable, "", wal::runtime(options));
}

void controls() {
    wal::control first;
    CHECK(first.progress().done == 0 && first.progress().total == 0);
    wal::control second = std::move(first);
    second.cancel();
    CHECK_FAILS(invalid_argument, "control", first.cancel());
    CHECK_FAILS(invalid_argument, "control", first.progress());
    const auto runtime = cpu();
    const wal::encode_request request(wal::source::memory({}));
    CHECK_FAILS(cancelled, "", runtime.encode(request, second));
    CHECK_FAILS(invalid_argument, "control", runtime.encode(request, first));
    CHECK_FAILS(invalid_argument, "control", runtime.encode_batch({}, first));
    CHECK_FAILS(invalid_argument, "control", runtime.repair_directory(".", first));
    first = wal::control();
    CHECK(runtime.try_encode(request, first).has_value());
    CHECK(first.progress().total > 0 && first.progress().done == first.progress().total);
    CHECK(first.engine() == "cpu");
}

} // namespace

void test_values() {
    spans();
    results();
    blob_ids();
    shapes();
    runtimes();
    controls();
}
