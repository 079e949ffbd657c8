-- What is quicker to add once the rows are there.

ALTER TABLE customers
    ADD CONSTRAINT customers_email_key UNIQUE (email),
    ADD CONSTRAINT customers_public_id_key UNIQUE (public_id);
ALTER TABLE products ADD CONSTRAINT products_sku_key UNIQUE (sku);
ALTER TABLE refunds ADD CONSTRAINT refunds_order_id_key UNIQUE (order_id);

CREATE INDEX orders_customer_id_idx ON orders (customer_id);
CREATE INDEX orders_ordered_at_idx ON orders (ordered_at);
CREATE INDEX order_lines_product_id_idx ON order_lines (product_id);
CREATE INDEX refunds_refunded_at_idx ON refunds (refunded_at);
CREATE INDEX page_views_viewed_at_idx ON page_views (viewed_at);
CREATE INDEX page_views_product_id_idx ON page_views (product_id) WHERE product_id IS NOT NULL;

ALTER TABLE orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_lines
    ADD CONSTRAINT order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders,
    ADD CONSTRAINT order_lines_product_id_fkey FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE refunds
    ADD CONSTRAINT refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE page_views
    ADD CONSTRAINT page_views_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers,
    ADD CONSTRAINT page_views_product_id_fkey FOREIGN KEY (product_id) REFERENCES products;
