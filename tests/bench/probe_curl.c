/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: a bare loop of libcurl's multi interface that completes a
 * handshake with port PORT of COUNT loopback addresses, verified against
 * CAFILE and the name, 64 at a time.
 *
 *	probe_curl PORT COUNT CAFILE
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	AT_ONCE = 64
};

static void add(CURLM *multi, const char *port, const char *ca, int number)
{
	CURL *easy = curl_easy_init();
	char url[64];
	char to[64];

	snprintf(url, sizeof(url), "https://site.example.test:%s/", port);
	snprintf(to, sizeof(to), "::127.1.%d.%d:%s", number / 250, number % 250 + 1, port);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, curl_slist_append(NULL, to));
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_multi_add_handle(multi, easy);
}

static int drain(CURLM *multi)
{
	int left = 0;
	int ended = 0;

	for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
		CURL *easy = m->easy_handle;

		if (m->data.result != CURLE_OK) {
			fprintf(stderr, "%s\n", curl_easy_strerror(m->data.result));
			exit(1);
		}
		curl_multi_remove_handle(multi, easy);
		curl_easy_cleanup(easy);
		ended++;
	}
	return ended;
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[2]) : 0;
	int started = 0;
	int running = 0;
	CURLM *multi = curl_multi_init();

	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (int ended = 0; ended < count; ended += drain(multi)) {
		for (; started < count && started - ended < AT_ONCE; started++)
			add(multi, argv[1], argv[3], started);
		curl_multi_perform(multi, &running);
		curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
	curl_multi_cleanup(multi);
	return 0;
}
